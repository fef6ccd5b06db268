import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogTail } from '../../../../src/hub/store/log/tail.ts';

const commits = fc.array(
  fc.record({
    partition: fc.constantFrom(0, 1),
    count: fc.integer({ min: 1, max: 5 }),
    bytes: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 30_000, max: 140_000 })),
  }),
  { maxLength: 40 },
);

it('when commits come, then what is kept runs from a number up to the end without a gap, in bounded memory', () => {
  fc.assert(
    fc.property(commits, fc.nat(), (all, pick) => {
      const tail = new LogTail();
      tail.follow();
      const heads = [7, 0];
      for (const { partition, count, bytes } of all) {
        heads[partition] = (heads[partition] ?? 0) + count;
        tail.add(partition, heads[partition], count, Buffer.alloc(bytes, heads[partition]));
      }
      for (const [partition, head] of heads.entries()) {
        const from = head - 1 - (pick % 20);
        const segments = tail.from(partition, from);
        if (segments === undefined) continue;
        expect(segments[0]?.first).toBeLessThanOrEqual(from);
        expect(segments[0]?.next).toBeGreaterThan(from);
        for (const [index, { next, records }] of segments.entries()) {
          expect(segments[index + 1]?.first ?? head).toBe(next);
          expect(records.every((byte) => byte === (next & 0xff))).toBe(true);
        }
        expect(segments.reduce((sum, { records }) => sum + records.length, 0)).toBeLessThanOrEqual(128 * 1024);
      }
      const last = all.at(-1);
      if (last !== undefined && last.bytes <= 128 * 1024)
        expect(tail.from(last.partition, (heads[last.partition] ?? 0) - 1)).toBeDefined();
    }),
  );
});

it('when nobody follows any more, then nothing is kept', () => {
  const tail = new LogTail();
  const [first, second] = [tail.follow(), tail.follow()];
  tail.add(0, 1, 1, Buffer.from('a'));
  first();
  first();
  expect(tail.from(0, 0)).toHaveLength(1);
  second();
  expect(tail.from(0, 0)).toBeUndefined();
  tail.add(0, 2, 1, Buffer.from('b'));
  expect(tail.from(0, 1)).toBeUndefined();
});
