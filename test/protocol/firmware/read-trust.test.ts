import { describe, expect, it } from 'vitest';
import { readTrust, signTrust } from '../../../src/protocol/firmware/index.ts';
import { newKey, signedTrustOf, trustOf } from '../../support/firmware.ts';

const [first, second] = [newKey(), newKey()];
const one = signedTrustOf([first], 1);
const two = signedTrustOf([second], 2, [first, second]);

describe('readTrust', () => {
  it('reads a set of keys, a signed one, and the last of a chain', () => {
    expect(readTrust(trustOf([first]))).toEqual({ trust: trustOf([first]), chain: [] });
    expect(readTrust(one)).toEqual({ trust: one.trust, chain: [one] });
    expect(readTrust([one, two])).toEqual({ trust: two.trust, chain: [one, two] });
    expect(readTrust(two).trust).toEqual(two.trust);
  });

  it.each([
    ['nothing', null, /expected object/],
    ['an empty list', [], /too small/i],
    ['a set without keys', { ...trustOf([first]), keys: [] }, /keys/],
    ['a changed set', { ...one, trust: { ...one.trust, version: 5 } }, /no key of its own has signed it/],
    ['a gap', [one, signedTrustOf([second], 3, [first, second])], /does not follow/],
    ['a stranger', [one, signedTrustOf([second], 2)], /no key of the present set/],
    ['another document', { manifest: {}, keyId: '', signature: '' }, /Invalid|expected/],
  ])('refuses %s', (_, value, message) => {
    expect(() => readTrust(value)).toThrow(TypeError);
    expect(() => readTrust(value)).toThrow(message);
  });

  it('refuses a key by a false id', () => {
    const honest = trustOf([first]);
    const lying = { ...honest, keys: honest.keys.map((key) => ({ ...key, keyId: '0'.repeat(32) })) };
    expect(() => readTrust(lying)).toThrow(/does not have that id/);
    expect(() => readTrust(signTrust(lying, [first]))).toThrow(/does not have that id/);
  });
});
