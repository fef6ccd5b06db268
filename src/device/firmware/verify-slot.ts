import { checkOffer, type InstallerFacts, type Manifest } from '../../protocol/firmware/index.ts';
import { isJsonObject, type JsonValue } from '../../std/json.ts';
import type { SlotName, Slots } from './ports.ts';

/** Why what lies in a slot is not activated. */
export interface SlotProblem {
  readonly state: 'failed' | 'rejected';
  readonly code: string;
  readonly message: string;
}

/**
 * Looks at a slot as if nobody had before: the signature of what was sealed with it, and the length and the SHA-256 of what lies there.
 * Undefined when all is as it was accepted.
 */
export async function verifySlot(
  slots: Pick<Slots, 'document' | 'digest'>,
  slot: SlotName,
  { manifest, facts }: { readonly manifest: Manifest; readonly facts: InstallerFacts },
): Promise<SlotProblem | undefined> {
  const document = await slots.document(slot);
  if (!isJsonObject(document))
    return { state: 'failed', code: 'storage-failed', message: 'there is no manifest in the slot' };
  const verdict = checkOffer(signedPart(document), facts);
  if (verdict.kind === 'rejected') return { state: 'rejected', code: verdict.code, message: verdict.message };
  const { size, sha256 } = verdict.manifest;
  if (sha256 !== manifest.sha256)
    return { state: 'failed', code: 'digest-mismatch', message: 'the manifest in the slot is another one' };
  const found = await slots.digest(slot);
  if (found?.size !== size)
    return { state: 'failed', code: 'size-mismatch', message: `${found?.size ?? 0} of ${size} bytes are in the slot` };
  if (found.sha256 !== sha256)
    return { state: 'failed', code: 'digest-mismatch', message: `the slot has the SHA-256 ${found.sha256}` };
  return undefined;
}

/** Keys come with an offer or not at all, never from a slot. */
function signedPart(document: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
  const part: Record<string, JsonValue> = {};
  for (const name of ['manifest', 'keyId', 'signature']) {
    const value = Object.hasOwn(document, name) ? document[name] : undefined;
    if (value !== undefined) part[name] = value;
  }
  return part;
}
