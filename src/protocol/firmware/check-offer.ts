import { lt, valid } from 'semver';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import { setMember } from '../twin/merge.ts';
import type { RejectionCode } from './codes.ts';
import { manifestSchema, signatureSchema, keyIdSchema, type Manifest } from './manifest.ts';
import { isManifestSignature, keyIdOf, trustProblem } from './signature.ts';
import { signedTrustSchema, type Trust } from './trust.ts';

/** What a device knows of itself when it looks at an offer. */
export interface InstallerFacts {
  readonly trust: Trust;
  readonly hardware: string;
  /** Of what runs. */
  readonly version: string;
  /** The highest release counter the device has confirmed. */
  readonly releaseCounter: number;
  /** Bytes that fit into a slot. */
  readonly slotBytes: number;
}

export type OfferVerdict =
  /** `trust` is the set of keys to keep from now on: the present one, or a newer one that came along. */
  | { readonly kind: 'accepted'; readonly manifest: Manifest; readonly trust: Trust }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string; readonly trust: Trust };

/**
 * Whether a device may install what an offer describes: the signature first, by a key that the device has had before or that such a
 * key vouches for, and then what the manifest says. Nothing of an offer is used before this has accepted it. Source: trust.md B4, B6.
 */
export function checkOffer(offer: JsonObject, facts: InstallerFacts): OfferVerdict {
  const { trust, problem } = advanceTrust(facts.trust, offer['trust']);
  const reject = rejecting(trust);
  if (problem !== undefined) return reject('trust-invalid', problem);
  const checked = checkSignature(offer, trust);
  return checked.kind === 'rejected'
    ? reject(checked.code, checked.message)
    : fits(checked.manifest, { ...facts, trust });
}

export type SignatureVerdict =
  | { readonly kind: 'signed'; readonly manifest: Manifest; readonly keyId: string }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string };

/** Whether the manifest of a document (`manifest`, `keyId`, `signature`; other members do not count) is signed by a key of the set. */
export function checkSignature(document: JsonObject, trust: Pick<Trust, 'keys'>): SignatureVerdict {
  const parsed = manifestSchema.safeParse(document['manifest']);
  if (!parsed.success) return refusal('manifest-invalid', firstIssue(parsed.error.issues));
  const manifest = parsed.data;
  if (document['signature'] === undefined || document['signature'] === null)
    return refusal('signature-missing', 'there is no signature');
  const signature = signatureSchema.safeParse(document['signature']);
  const keyId = keyIdSchema.safeParse(document['keyId']);
  if (!signature.success || !keyId.success)
    return refusal('signature-invalid', 'the signature or its key id is malformed');
  const key = trust.keys.find((each) => each.keyId === keyId.data && keyIdOf(each.publicKey) === each.keyId);
  if (key === undefined) return refusal('key-unknown', `the key ${keyId.data} is not trusted here`);
  return isManifestSignature(manifest, signature.data, key.publicKey)
    ? { kind: 'signed', manifest, keyId: keyId.data }
    : refusal('signature-invalid', 'the signature does not fit the manifest');
}

function refusal(code: RejectionCode, message: string): SignatureVerdict {
  return { kind: 'rejected', code, message };
}

/** Messages go into a report, which has a limit, and parts of them are as long as somebody has made them. */
const longestMessage = 300;

function rejecting(trust: Trust): (code: RejectionCode, message: string) => OfferVerdict {
  return (code, message) => ({ kind: 'rejected', code, message: message.slice(0, longestMessage), trust });
}

/** What a signed manifest has to agree with on this device. */
function fits(manifest: Manifest, facts: InstallerFacts): OfferVerdict {
  const { trust } = facts;
  const reject = rejecting(trust);
  if (!manifest.hardware.includes(facts.hardware))
    return reject('hardware-mismatch', `made for ${manifest.hardware.join(', ')}, this is ${facts.hardware}`);
  if (manifest.releaseCounter < facts.releaseCounter)
    return reject('downgrade', `release counter ${manifest.releaseCounter} is below ${facts.releaseCounter}`);
  if (manifest.minVersion !== undefined && isTooOld(facts.version, manifest.minVersion))
    return reject('below-min-version', `upgrades from ${manifest.minVersion} on, this runs ${facts.version}`);
  if (manifest.size > facts.slotBytes)
    return reject('too-large', `${manifest.size} bytes do not fit into ${facts.slotBytes}`);
  return { kind: 'accepted', manifest, trust };
}

/** A device that does not know what it runs cannot say that it is new enough. */
function isTooOld(version: string, minimum: string): boolean {
  return valid(version) === null || lt(version, minimum);
}

/** Follows a chain of key sets, oldest first, as far as it is newer; the chain may begin with sets that are known already. */
function advanceTrust(present: Trust, chain: unknown): { readonly trust: Trust; readonly problem?: string } {
  if (chain === undefined || chain === null) return { trust: present };
  const parsed = signedTrustSchema.array().safeParse(chain);
  if (!parsed.success) return { trust: present, problem: firstIssue(parsed.error.issues) };
  let trust = present;
  for (const next of parsed.data) {
    if (next.trust.version <= trust.version) continue;
    const problem = trustProblem(trust, next);
    if (problem !== undefined) return { trust, problem };
    trust = next.trust;
  }
  return { trust };
}

function firstIssue(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  return issue === undefined ? 'not understood' : `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`;
}

/** The patch of `properties.desired.firmware` that leaves nothing of an earlier offer behind, because patches merge. */
export function offerPatch(present: unknown, offer: JsonObject): JsonObject {
  const patch: JsonObject = { ...offer };
  if (!isJsonObject(present)) return patch;
  for (const [name, before] of Object.entries(present)) {
    if (name.startsWith('$')) continue;
    const after = Object.hasOwn(offer, name) ? offer[name] : undefined;
    if (after === undefined) setMember(patch, name, null);
    else if (isJsonObject(before) && isJsonObject(after)) setMember(patch, name, offerPatch(before, after));
  }
  return patch;
}
