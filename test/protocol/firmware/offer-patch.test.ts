import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offerPatch } from '../../../src/protocol/firmware/check-offer.ts';
import { mergeContent } from '../../../src/protocol/twin/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, signedTrustOf } from '../../support/firmware.ts';

const key = newKey();

describe('offerPatch', () => {
  it('leaves nothing of an earlier offer', () => {
    const earlier = offerOf(manifestFor('one', { minVersion: '1.0.0' }), key, {
      notBefore: '2026-03-01T12:00:00.000Z',
      trust: [signedTrustOf([key], 2)],
      note: { by: { hand: true } },
    });
    const { minVersion: _, ...manifest } = manifestFor('two');
    const offer = offerOf(manifest, key);
    const patch = offerPatch(earlier, offer);
    expect(patch).toMatchObject({ notBefore: null, trust: null, note: null, manifest: { minVersion: null } });
    expect(mergeContent({ firmware: earlier }, { firmware: patch })).toEqual({ firmware: offer });
  });

  it.each([[undefined], [null], ['text'], [[1]], [{}]])('is the offer where %j stands', (present) => {
    const offer = offerOf(manifestFor('one'), key);
    expect(offerPatch(present, offer)).toEqual(offer);
  });

  it('makes of any content exactly the offer', () => {
    const member = fc.oneof(fc.constantFrom('manifest', 'keyId', 'hardware', '__proto__', 'constructor'), fc.string());
    const name = member.filter((text) => !text.startsWith('$'));
    const { content } = fc.letrec<{ content: JsonObject }>((tie) => ({
      content: fc.dictionary(
        name,
        fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          fc.string(),
          fc.integer(),
          fc.array(fc.string(), { maxLength: 3 }),
          tie('content'),
        ),
        { maxKeys: 4 },
      ),
    }));
    fc.assert(
      fc.property(content, content, (present, offer) => {
        const patch = offerPatch(present, offer);
        const merged = mergeContent({ firmware: present }, { firmware: patch });
        expect(JSON.stringify(sorted(merged))).toBe(JSON.stringify(sorted({ firmware: offer })));
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
