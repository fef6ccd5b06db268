import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Acknowledgements } from '../../../src/hub/mqtt/acknowledgements.ts';

type Action =
  | { kind: 'published'; count: number }
  | { kind: 'complete' | 'skip'; pick: number; count: number }
  | { kind: 'take' };

const settle = { pick: fc.nat(), count: fc.integer({ min: 1, max: 40 }) };
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('published' as const), count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('complete' as const), ...settle }),
    fc.record({ kind: fc.constant('complete' as const), ...settle }),
    fc.record({ kind: fc.constant('skip' as const), ...settle }),
    fc.constant({ kind: 'take' as const }),
  ),
  { maxLength: 200 },
);

function identifiers(packets: Uint8Array | undefined): number[] {
  if (packets === undefined) return [];
  const bytes = Buffer.from(packets);
  expect(bytes.length).toBeGreaterThan(0);
  return Array.from({ length: bytes.length / 4 }, (_, index) => {
    expect(bytes.readUInt16BE(index * 4)).toBe(0x4002);
    return bytes.readUInt16BE(index * 4 + 2);
  });
}

it('when PUBLISHes are settled in any order, then PUBACKs follow the order of publishing, without those that get none', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const queue = new Acknowledgements();
      const model: { identifier: number; outcome: 'waiting' | 'complete' | 'skip'; slot: number }[] = [];
      let next = 1;
      let given = 0;
      const expectTake = (): void => {
        let end = given;
        while (end < model.length && model[end]?.outcome !== 'waiting') end++;
        const expected = model.slice(given, end).filter(({ outcome }) => outcome === 'complete');
        expect(identifiers(queue.take())).toEqual(expected.map((entry) => entry.identifier));
        given = end;
        expect(queue.size).toBe(model.length - given);
      };
      for (const step of steps) {
        if (step.kind === 'take') {
          expectTake();
        } else if (step.kind === 'published') {
          for (let index = 0; index < step.count; index++) {
            const identifier = (next % 65_535) + 1;
            next += 7_919;
            model.push({ identifier, outcome: 'waiting', slot: queue.add(identifier) });
          }
        } else {
          // A run of messages that still wait, as the log settles them.
          const waiting = model.filter(({ outcome }) => outcome === 'waiting');
          const first = waiting[step.pick % Math.max(waiting.length, 1)];
          if (first === undefined) continue;
          let count = 0;
          while (count < step.count && model[model.indexOf(first) + count]?.outcome === 'waiting') count++;
          for (let index = 0; index < count; index++) {
            const entry = model[model.indexOf(first) + index];
            if (entry !== undefined) entry.outcome = step.kind;
          }
          queue[step.kind](first.slot, count);
        }
      }
      expectTake();
    }),
    { numRuns: 500 },
  );
});
