import { sign, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isManifestSignature,
  keyIdOf,
  manifestBytes,
  publicKeyOf,
  rawPublicKey,
  readPrivateKey,
  readPublicKey,
  signManifest,
  trustBytes,
} from '../../../src/protocol/firmware/signature.ts';
import { keyOfSeed, manifestFor, newKey, trustOf } from '../../support/firmware.ts';

/** RFC 8032 §7.1. */
const vectors = [
  {
    name: '1, an empty message',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: '2, one byte',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: '3, two bytes',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
] as const;

describe('Ed25519', () => {
  it.each(vectors)('is that of RFC 8032, test $name', ({ seed, publicKey, message, signature }) => {
    const key = keyOfSeed(seed);
    const raw = rawPublicKey(key);
    expect(Buffer.from(raw, 'base64').toString('hex')).toBe(publicKey);
    const bytes = Buffer.from(message, 'hex');
    expect(sign(null, bytes, key).toString('hex')).toBe(signature);
    expect(verify(null, bytes, publicKeyOf(raw), Buffer.from(signature, 'hex'))).toBe(true);
  });

  it('is read from PEM, encrypted or not', () => {
    const key = newKey();
    const plain = key.export({ format: 'pem', type: 'pkcs8' }).toString();
    const encrypted = key
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
      .toString();
    expect(rawPublicKey(readPrivateKey(plain))).toBe(rawPublicKey(key));
    expect(rawPublicKey(readPrivateKey(encrypted, 'secret'))).toBe(rawPublicKey(key));
    expect(() => readPrivateKey(encrypted)).toThrow();
    expect(() => readPrivateKey(encrypted, 'wrong')).toThrow();
    expect(() => readPrivateKey('no key')).toThrow();
  });

  it('reads no key of another kind', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => readPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())).toThrow(TypeError);
    expect(() => readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString())).toThrow(TypeError);
  });
});

describe('signManifest', () => {
  it('signs the canonical bytes behind a line that says what they are', () => {
    const key = newKey();
    const manifest = manifestFor('image');
    const signed = signManifest(manifest, key);
    expect(Buffer.from(manifestBytes(manifest)).toString()).toMatch(/^iotctl firmware manifest v1\n\{"createdAt":/);
    expect(signed.keyId).toBe(keyIdOf(rawPublicKey(key)));
    expect(isManifestSignature(manifest, signed.signature, rawPublicKey(key))).toBe(true);
  });

  it('never makes what passes as a signature of a trust document', () => {
    expect(Buffer.from(trustBytes(trustOf([newKey()]))).toString()).toMatch(/^iotctl firmware trust v1\n/);
  });

  it('does not depend on the order of members', () => {
    const manifest = manifestFor('image');
    const turned = Object.fromEntries(Object.entries(manifest).toReversed()) as typeof manifest;
    expect(manifestBytes(turned)).toEqual(manifestBytes(manifest));
  });

  it('takes any 32 bytes for a key and any 64 for a signature, and finds them wrong', () => {
    const manifest = manifestFor('image');
    fc.assert(
      fc.property(randomBase64(32), randomBase64(64), (raw, signature) => {
        expect(isManifestSignature(manifest, signature, raw)).toBe(false);
      }),
    );
  });
});

function randomBase64(length: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array).toString('base64'));
}
