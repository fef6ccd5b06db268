import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Latency } from '../../../src/device/simulator/latency.ts';

test('has no quantiles before the first value', () => {
  expect(new Latency().quantile(0.5)).toBeUndefined();
});

test('finds quantiles within five percent, in constant space', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.9, 0.99, 1),
      (values, share) => {
        const latency = new Latency();
        for (const value of values) latency.add(value);
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
        const found = latency.quantile(share) ?? Number.NaN;
        expect(Math.abs(found - exact) / exact).toBeLessThan(0.05);
      },
    ),
  );
});
