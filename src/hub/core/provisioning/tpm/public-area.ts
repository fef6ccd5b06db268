/** The public part of a TPM's key. Source: TPM 2.0 Library, part 2, §12.2. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { HubError } from '../../../../protocol/hub-errors.ts';

/** An RSA key of a TPM that others may encrypt to. */
export interface TpmKey {
  readonly key: KeyObject;
  /** Hash of its name and of what is sealed to it. */
  readonly hash: string;
  /** Algorithm and digest of the public part: what the TPM binds a secret to. */
  readonly name: Buffer;
}

const rsa = 0x0001;
const none = 0x0010;
const hashes: Readonly<Record<number, string>> = { 0x0004: 'sha1', 0x000b: 'sha256', 0x000c: 'sha384' };
const defaultExponent = 65_537;

/** Reads a TPM2B_PUBLIC. Failure: HubError ArgumentInvalid for anything but an RSA key. */
export function readTpmKey(bytes: Buffer, what: string): TpmKey {
  try {
    return parse(bytes);
  } catch {
    throw new HubError('ArgumentInvalid', `The ${what} is not the public part of an RSA key of a TPM.`);
  }
}

function parse(bytes: Buffer): TpmKey {
  const size = bytes.readUInt16BE(0);
  const area = bytes.subarray(2, 2 + size);
  if (area.length !== size || bytes.length !== size + 2) throw new RangeError('cut off');
  const algorithm = area.readUInt16BE(2);
  const hash = hashes[algorithm];
  if (area.readUInt16BE(0) !== rsa || hash === undefined) throw new RangeError('not an RSA key');
  // Type, name algorithm, attributes; then the policy.
  let at = 8;
  at += 2 + area.readUInt16BE(at);
  at += area.readUInt16BE(at) === none ? 2 : 6;
  at += area.readUInt16BE(at) === none ? 2 : 4;
  at += 2;
  const exponent = area.readUInt32BE(at) || defaultExponent;
  at += 4;
  const modulus = area.subarray(at + 2, at + 2 + area.readUInt16BE(at));
  if (modulus.length < 256 || at + 2 + modulus.length !== area.length) throw new RangeError('no modulus');
  const exponentBytes = Buffer.from(exponent.toString(16).padStart(8, '0'), 'hex');
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: withoutZeros(exponentBytes).toString('base64url') },
  });
  const name = Buffer.concat([uint16(algorithm), createHash(hash).update(area).digest()]);
  return { key, hash, name };
}

function withoutZeros(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A TPM2B: the size before the bytes. */
export function sized(...parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([uint16(bytes.length), bytes]);
}
