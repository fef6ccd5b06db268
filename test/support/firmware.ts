/** Keys, manifests and offers for tests. */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  keyIdOf,
  rawPublicKey,
  signManifest,
  signTrust,
  type Manifest,
  type SignedTrust,
  type Trust,
} from '../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../src/std/json.ts';

export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** The private key of a 32-byte seed, as RFC 8032 prints them. */
export function keyOfSeed(hex: string): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(hex, 'hex')]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

export function trustOf(keys: readonly KeyObject[], version = 1): Trust {
  const listed = keys.map((key) => {
    const publicKey = rawPublicKey(key);
    return { keyId: keyIdOf(publicKey), publicKey };
  });
  return { format: 1, version, keys: listed, createdAt: '2026-03-01T12:00:00.000Z' };
}

/** The set of `keys` as the given version, signed by `signers`. */
export function signedTrustOf(
  keys: readonly KeyObject[],
  version: number,
  signers: readonly KeyObject[] = keys,
): SignedTrust {
  return signTrust(trustOf(keys, version), signers);
}

/** The manifest of a file with this content. */
export function manifestFor(content: Uint8Array | string, overrides: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    name: 'pump',
    version: '2.0.0',
    hardware: ['pump-v2', 'pump-v3'],
    size: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
    releaseCounter: 7,
    minVersion: '1.2.0',
    createdAt: '2026-03-01T12:00:00.000Z',
    ...overrides,
  };
}

/** An offer as it stands in a twin. */
export function offerOf(manifest: Manifest, key: KeyObject, extra: JsonObject = {}): JsonObject {
  const { keyId, signature } = signManifest(manifest, key);
  const offer = {
    rollout: 'pump-2',
    attempt: 1,
    manifest,
    keyId,
    signature,
    url: 'http://127.0.0.1:8080/iotctl/artifacts/x',
    deadlines: { offer: 60, stall: 60, install: 60, reboot: 60, confirm: 60 },
    ...extra,
  };
  return JSON.parse(JSON.stringify(offer)) as JsonObject;
}
