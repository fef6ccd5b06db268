import { describe, expect, it } from 'vitest';
import { checkOffer, type InstallerFacts } from '../../../src/protocol/firmware/check-offer.ts';
import { signTrust, trustProblem, type SignedTrust } from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, signedTrustOf, trustOf } from '../../support/firmware.ts';

const [first, second, third, stranger] = [newKey(), newKey(), newKey(), newKey()];
const facts: InstallerFacts = {
  trust: trustOf([first]),
  hardware: 'pump-v2',
  version: '1.4.0',
  releaseCounter: 1,
  slotBytes: 1_000,
};
/** Version 2 has both keys, version 3 the second alone, version 4 the third. */
const two = signedTrustOf([first, second], 2, [first, second]);
const three = signedTrustOf([second], 3, [second]);
const four = signedTrustOf([third], 4, [second, third]);

function check(chain: unknown, key = second): { readonly code: string; readonly version: number } {
  const offer = offerOf(manifestFor('image'), key, { trust: chain as JsonObject });
  const verdict = checkOffer(offer, facts);
  return { code: verdict.kind === 'accepted' ? 'accepted' : verdict.code, version: verdict.trust.version };
}

describe('a chain of key sets', () => {
  it('is followed from the set that the device has', () => {
    expect(check([two])).toEqual({ code: 'accepted', version: 2 });
    expect(check([two, three])).toEqual({ code: 'accepted', version: 3 });
    expect(check([two, three, four], third)).toEqual({ code: 'accepted', version: 4 });
  });

  it('may begin with what is known already, and goes back to none of it', () => {
    expect(check([signedTrustOf([stranger], 1), two])).toEqual({ code: 'accepted', version: 2 });
    expect(check([signedTrustOf([stranger], 1)], stranger)).toEqual({ code: 'key-unknown', version: 1 });
  });

  it('takes the former keys away', () => {
    expect(check([two, three], first)).toEqual({ code: 'key-unknown', version: 3 });
  });

  it('skips no version', () => {
    expect(check([three])).toEqual({ code: 'trust-invalid', version: 1 });
    expect(check([two, four], third)).toEqual({ code: 'trust-invalid', version: 2 });
  });

  it('is kept as far as it holds', () => {
    expect(check([two, signedTrustOf([stranger], 3)])).toEqual({ code: 'trust-invalid', version: 2 });
  });

  it('is refused when a stranger signs it, or nobody of its own', () => {
    expect(check([signedTrustOf([second], 2, [stranger, second])]).code).toBe('trust-invalid');
    expect(check([signedTrustOf([second], 2, [first])]).code).toBe('trust-invalid');
    expect(check([signedTrustOf([second], 2, [second])]).code).toBe('trust-invalid');
  });

  it('is refused when a key has the id of another', () => {
    const honest = trustOf([first, second], 2);
    const [one, other] = honest.keys;
    const lying = { ...honest, keys: [{ keyId: one?.keyId ?? '', publicKey: other?.publicKey ?? '' }] };
    expect(check([signTrust(lying, [first, second])]).code).toBe('trust-invalid');
  });

  it('is refused when its signature is that of another version', () => {
    const moved: SignedTrust = { ...two, trust: { ...two.trust, createdAt: '2027-01-01T00:00:00.000Z' } };
    expect(check([moved]).code).toBe('trust-invalid');
  });

  it.each([['text'], [7], [{}], [[{}]], [[{ trust: {} }]]])('is refused when it is %j', (chain) => {
    expect(check(chain, first).code).toBe('trust-invalid');
  });

  it('is not needed', () => {
    expect(check(null, first)).toEqual({ code: 'accepted', version: 1 });
    expect(check([], first)).toEqual({ code: 'accepted', version: 1 });
  });

  it('is refused after every flip of one bit of its texts', () => {
    // Each of the two signatures is needed: nobody is in both sets.
    const text = Buffer.from(JSON.stringify(signedTrustOf([second], 2, [first, second])));
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const flipped = Buffer.from(text);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const read = parsed(flipped.toString());
      if (read === undefined) continue;
      expect(check([read])).toEqual({ code: 'trust-invalid', version: 1 });
    }
  });
});

describe('trustProblem', () => {
  it('says what is wrong', () => {
    expect(trustProblem(facts.trust, two)).toBeUndefined();
    expect(trustProblem(facts.trust, three)).toContain('does not follow');
    expect(trustProblem(two.trust, signedTrustOf([third], 3, [third]))).toContain('no key of the present set');
    expect(trustProblem(two.trust, signedTrustOf([third], 3, [first]))).toContain('no key of its own');
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
