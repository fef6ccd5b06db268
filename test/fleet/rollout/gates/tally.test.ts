import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTally } from '../../../../src/fleet/rollout/gates/tally.ts';

const values = fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { minLength: 1, maxLength: 300 });
const share = fc.double({ noNaN: true, min: 0, max: 1 });

/** By nearest rank, from the definition. */
function nearestRank(numbers: readonly number[], part: number): number {
  const rank = Math.min(numbers.length, Math.max(1, Math.ceil(part * numbers.length)));
  return numbers.toSorted((a, b) => a - b)[rank - 1]!;
}

function tallyOf(numbers: readonly number[], keep?: number): ReturnType<typeof createTally> {
  const tally = createTally(keep);
  for (const number of numbers) tally.value(number);
  return tally;
}

test('quantiles of few values are exact', () => {
  fc.assert(
    fc.property(values, share, (numbers, part) => {
      expect(tallyOf(numbers).quantile(part)).toBe(nearestRank(numbers, part));
    }),
  );
});

test('quantiles of many values are within half a percent', () => {
  fc.assert(
    fc.property(values, share, (numbers, part) => {
      const exact = nearestRank(numbers, part);
      const found = tallyOf(numbers, 0).quantile(part)!;
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.005 + 1e-300);
    }),
  );
});

test('least, most and average are those of the values', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1 }), (numbers) => {
      const tally = tallyOf(numbers, 10);
      expect(tally.least()).toBe(Math.min(...numbers));
      expect(tally.most()).toBe(Math.max(...numbers));
      expect(tally.average()).toBeCloseTo(numbers.reduce((a, b) => a + b, 0) / numbers.length, 6);
    }),
  );
});

test('what is no number is counted apart', () => {
  const tally = createTally();
  for (const value of [1, '2', null, true, { a: 1 }, Number.POSITIVE_INFINITY, 3]) tally.value(value);
  expect([tally.values, tally.ignored, tally.average()]).toEqual([2, 5, 2]);
});

test('nothing is told of no values', () => {
  const tally = createTally();
  expect([tally.average(), tally.least(), tally.most(), tally.quantile(0.95)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
