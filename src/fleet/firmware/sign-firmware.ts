import type { KeyObject } from 'node:crypto';
import { Failure } from '../../errors/index.ts';
import {
  isManifestSignature,
  keyIdOf,
  manifestBytes,
  manifestSchema,
  rawPublicKey,
  signatureSchema,
  type Manifest,
  type SignedManifest,
} from '../../protocol/firmware/index.ts';
import { parseJsonObject } from '../../std/json.ts';

/** What is said about a file; the rest of its manifest is measured. */
export interface ReleaseFacts {
  readonly name: string;
  readonly version: string;
  readonly hardware: readonly string[];
  /** That of {@link dayCounter} when absent. */
  readonly releaseCounter?: number | undefined;
  readonly minVersion?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** The release counter of who names none: the day, counted from 1970. It rises without anybody keeping count. */
export function dayCounter(time: number): number {
  return Math.floor(time / 86_400_000);
}

/** The manifest of a file. Failure: invalid-value. */
export function describeFirmware(
  file: { readonly size: number; readonly sha256: string },
  facts: ReleaseFacts,
): Manifest {
  const { name, version, hardware, minVersion, createdAt } = facts;
  const parsed = manifestSchema.safeParse({
    format: 1,
    name,
    version,
    hardware: [...new Set(hardware)],
    size: file.size,
    sha256: file.sha256,
    releaseCounter: facts.releaseCounter ?? dayCounter(createdAt),
    ...(minVersion !== undefined && { minVersion }),
    createdAt: new Date(createdAt).toISOString(),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const [member = 'the manifest'] = issue?.path ?? [];
  throw new Failure('invalid-value', `${String(member)}: ${issue?.message ?? 'is not valid'}`, {
    hint: 'iotctl firmware sign --help',
  });
}

/**
 * The manifest that the bytes for a signer stand for. They are taken as they were written alone: something else with the same meaning
 * would be signed and then not verify. Failure: invalid-input.
 */
export function readPayload(bytes: Uint8Array, where: string): Manifest {
  const text = Buffer.from(bytes).toString('utf8');
  const parsed = manifestSchema.safeParse(parseJsonObject(text.slice(text.indexOf('\n') + 1)));
  if (!parsed.success || !Buffer.from(manifestBytes(parsed.data)).equals(bytes))
    throw new Failure('invalid-input', `${where} is not what firmware sign --payload wrote`, {
      hint: 'write it anew: iotctl firmware sign FILE NAME@VERSION --hardware MODEL --payload FILE',
    });
  return parsed.data;
}

/** Failures: invalid-input when the file is not the one that the manifest describes. */
export function refuseOtherFile(
  file: { readonly size: number; readonly sha256: string },
  manifest: Manifest,
  where: string,
): void {
  if (file.size === manifest.size && file.sha256 === manifest.sha256) return;
  throw new Failure('invalid-input', `${where} is not the file that the manifest describes`, {
    details: { expected: { size: manifest.size, sha256: manifest.sha256 }, found: { ...file } },
  });
}

/** A manifest with a signature that was made elsewhere: 64 raw bytes, base64 or hexadecimal. Failure: invalid-input. */
export function attachSignature(manifest: Manifest, given: Uint8Array, publicKey: KeyObject): SignedManifest {
  const signature = readSignature(given);
  const raw = rawPublicKey(publicKey);
  if (!isManifestSignature(manifest, signature, raw))
    throw new Failure('invalid-input', 'the signature is not one of this payload by this public key', {
      hint: 'sign exactly the bytes of the payload, unhashed: openssl pkeyutl -sign -rawin -inkey KEY -in PAYLOAD',
    });
  return { manifest, keyId: keyIdOf(raw), signature };
}

function readSignature(given: Uint8Array): string {
  if (given.length === 64) return Buffer.from(given).toString('base64');
  const text = Buffer.from(given).toString('latin1').replaceAll(/\s/g, '');
  const base64 = /^[0-9a-f]{128}$/i.test(text) ? Buffer.from(text, 'hex').toString('base64') : text;
  if (signatureSchema.safeParse(base64).success) return base64;
  throw new Failure('invalid-input', 'the signature is neither 64 raw bytes nor those in base64 or hexadecimal');
}
