import { Failure } from '../../errors/index.ts';
import {
  readTrust,
  signedManifestSchema,
  type GivenTrust,
  type SignedManifest,
} from '../../protocol/firmware/index.ts';
import { messageOf } from '../../std/message-of.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';

/** The JSON of a file that is or should be a signed manifest; nothing is checked yet. Failure: invalid-input. */
export function readManifestJson(text: string, where: string): JsonObject {
  const value = parseJson(text, where);
  if (!isJsonObject(value)) throw new Failure('invalid-input', `${where} holds no object, so it is no manifest`);
  return value;
}

/**
 * A signed manifest, as `firmware sign` writes it and `firmware show -o json` prints it; what else stands beside its members is left out.
 * Its signature is not checked. Failure: invalid-input.
 */
export function readSignedManifest(value: JsonObject, where: string): SignedManifest {
  const { manifest, keyId, signature } = value;
  const parsed = signedManifestSchema.safeParse({ manifest, keyId, signature });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Failure(
    'invalid-input',
    `${where} is no signed manifest: ${issue === undefined ? 'not understood' : `${issue.path.map(String).join('.')}: ${issue.message}`}`,
    { hint: 'iotctl firmware sign FILE NAME@VERSION --hardware MODEL --key FILE' },
  );
}

/** Trusted keys of a file. Failure: invalid-input. */
export function readTrustText(text: string, where: string): GivenTrust {
  const value = parseJson(text, where);
  try {
    return readTrust(value);
  } catch (error) {
    throw new Failure('invalid-input', `${where} holds no trusted keys: ${messageOf(error)}`, {
      hint: 'NAME.trust.json, as firmware keygen and firmware rotate-key write it',
      cause: error,
    });
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Failure('invalid-input', `${where} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}
