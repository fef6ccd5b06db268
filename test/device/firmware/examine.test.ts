import { assert, jsonValue, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, readWish } from '../../../src/device/firmware/examine.ts';
import type { InstallerFacts } from '../../../src/protocol/firmware/index.ts';
import { parseJsonObject, type JsonObject, type JsonValue } from '../../../src/std/json.ts';
import { imageOf, newKey, offerOf, trustOf } from './memory-device.ts';

const key = newKey();
const offer = offerOf(key, imageOf('new'));
const facts: InstallerFacts = {
  trust: trustOf([key]),
  hardware: 'pump-v2',
  version: '1.0.0',
  releaseCounter: 1,
  slotBytes: 1_000_000,
};

function accepts(document: JsonObject): boolean {
  return judge(document, facts).kind === 'accepted';
}

describe('an offer', () => {
  test('as it was signed is accepted', () => {
    expect(accepts(offer)).toBe(true);
  });

  test('with one bit flipped anywhere in manifest, key id or signature is not', () => {
    const { manifest, keyId, signature, ...rest } = offer;
    const bytes = Buffer.from(JSON.stringify({ manifest, keyId, signature }));
    const accepted: string[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const document = parseJsonObject(flipped.toString('utf8'));
      if (document !== undefined && accepts({ ...document, ...rest })) accepted.push(flipped.toString('utf8'));
    }
    expect(accepted).toEqual([]);
  });

  test('cut off anywhere is not', () => {
    const text = JSON.stringify(offer['manifest']);
    for (let end = 0; end < text.length - 1; end++) {
      const manifest = parseJsonObject(`${text.slice(0, end)}}`) ?? null;
      expect(accepts({ ...offer, manifest })).toBe(false);
    }
  });

  test('of which any member is another value is not, or is the same', () => {
    const names = ['manifest', 'keyId', 'signature', 'trust', 'url', 'deadlines', 'notBefore', 'rollout', 'attempt'];
    assert(
      property(integer({ min: 0, max: names.length - 1 }), jsonValue(), (index, value) => {
        const name = names[index] ?? '';
        const judged = judge({ ...offer, [name]: value as JsonValue }, facts);
        if (judged.kind === 'accepted') expect(judged.offer.manifest).toEqual(offer['manifest']);
        else expect(judged.message.length).toBeLessThanOrEqual(512);
      }),
      { numRuns: 500 },
    );
  });

  test('whatever it is, is read without harm', () => {
    assert(
      property(jsonValue(), (value) => {
        const wish = readWish(value as JsonValue);
        if (wish.kind === 'offer') expect(accepts(wish.document)).toBe(false);
      }),
    );
  });
});
