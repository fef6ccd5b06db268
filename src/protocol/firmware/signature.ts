/** Ed25519 over the canonical bytes of a document, with a word before them that says what is signed. Source: RFC 8032, RFC 8785. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../std/canonical-json.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Manifest, SignedManifest } from './manifest.ts';
import type { SignedTrust, Trust } from './trust.ts';

/** A signature of one kind of document is never one of another. */
const contexts = { manifest: 'iotctl firmware manifest v1\n', trust: 'iotctl firmware trust v1\n' } as const;

/** What a signature of a manifest is over: the bytes an external signer is given. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return bytesOf('manifest', manifest);
}

export function trustBytes(trust: Trust): Uint8Array {
  return bytesOf('trust', trust);
}

function bytesOf(kind: keyof typeof contexts, document: Manifest | Trust): Uint8Array {
  return Buffer.from(contexts[kind] + canonicalJson(document as unknown as JsonObject), 'utf8');
}

/** SHA-256 of a manifest's canonical form, hexadecimal: what plans and audits name it by. */
export function manifestDigest(manifest: Manifest): string {
  return createHash('sha256')
    .update(canonicalJson(manifest as unknown as JsonObject))
    .digest('hex');
}

/**
 * An Ed25519 key that can sign; `passphrase` opens one that is encrypted. TypeError for a key of another kind, an Error of OpenSSL for
 * a text that is no key, and for a passphrase that is missing or wrong.
 */
export function readPrivateKey(pem: string, passphrase?: string): KeyObject {
  return checked(createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) }));
}

/** An Ed25519 public key in PEM. TypeError for a key of another kind, an Error of OpenSSL for a text that is no key. */
export function readPublicKey(pem: string): KeyObject {
  return checked(createPublicKey(pem));
}

function checked(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new TypeError(`it is a key of the kind ${key.asymmetricKeyType ?? key.type}, not Ed25519`);
  return key;
}

/** Raw Ed25519 keys are the end of their DER form. Source: RFC 8410 §4. */
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The 32 bytes of a public key, or of the public half of a private one, in base64. */
export function rawPublicKey(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(derPrefix.length).toString('base64');
}

/** Keys that were read: to read one costs as much as to check a signature. */
const publicKeys = new Map<string, KeyObject>();
const publicKeysKept = 64;

/** The key of a trust document. */
export function publicKeyOf(raw: string): KeyObject {
  const known = publicKeys.get(raw);
  if (known !== undefined) return known;
  const der = Buffer.concat([derPrefix, Buffer.from(raw, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (publicKeys.size >= publicKeysKept) publicKeys.clear();
  publicKeys.set(raw, key);
  return key;
}

/** The id of a raw public key: the first half of its SHA-256. */
export function keyIdOf(raw: string): string {
  return createHash('sha256').update(Buffer.from(raw, 'base64')).digest('hex').slice(0, 32);
}

export function signManifest(manifest: Manifest, privateKey: KeyObject): SignedManifest {
  const signature = sign(null, manifestBytes(manifest), privateKey).toString('base64');
  return { manifest, keyId: keyIdOf(rawPublicKey(privateKey)), signature };
}

/** Whether the key signed exactly this manifest. */
export function isManifestSignature(manifest: Manifest, signature: string, rawKey: string): boolean {
  return isSignature(manifestBytes(manifest), signature, rawKey);
}

/** A trust document signed by each of the keys: one of the set before, and one of its own. */
export function signTrust(trust: Trust, privateKeys: readonly KeyObject[]): SignedTrust {
  const bytes = trustBytes(trust);
  const signatures = privateKeys.map((key) => ({
    keyId: keyIdOf(rawPublicKey(key)),
    signature: sign(null, bytes, key).toString('base64'),
  }));
  return { trust, signatures };
}

/** Why the next set of keys cannot follow the present one; undefined when it can. */
export function trustProblem(present: Trust, { trust, signatures }: SignedTrust): string | undefined {
  if (trust.version !== present.version + 1)
    return `version ${trust.version} does not follow version ${present.version}`;
  if (trust.keys.some(({ keyId, publicKey }) => keyIdOf(publicKey) !== keyId))
    return 'a key does not have the id it is given';
  if (!isTrustSignedBy(present.keys, { trust, signatures })) return 'no key of the present set has signed it';
  if (!isTrustSignedBy(trust.keys, { trust, signatures })) return 'no key of its own has signed it';
  return undefined;
}

/** Whether at least one of the keys has signed a set of keys. */
export function isTrustSignedBy(keys: Trust['keys'], { trust, signatures }: SignedTrust): boolean {
  const bytes = trustBytes(trust);
  return keys.some(({ keyId, publicKey }) =>
    signatures.some((each) => each.keyId === keyId && isSignature(bytes, each.signature, publicKey)),
  );
}

/**
 * Digests of what was found to be signed, key and signature and bytes together: thousands of simulated devices of one process check the same
 * manifest. What was refused is not kept.
 */
const proven = new Set<string>();
const provenLimit = 64;

function isSignature(bytes: Uint8Array, signature: string, rawKey: string): boolean {
  const digest = createHash('sha256')
    .update(JSON.stringify([rawKey, signature]))
    .update(bytes)
    .digest('base64');
  if (proven.has(digest)) return true;
  if (!verify(null, bytes, publicKeyOf(rawKey), Buffer.from(signature, 'base64'))) return false;
  if (proven.size >= provenLimit) proven.clear();
  proven.add(digest);
  return true;
}
