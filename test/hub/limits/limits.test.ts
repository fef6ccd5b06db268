import { assert, constant, constantFrom, integer, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import {
  chooseLimits,
  defaultLimits,
  flattenLimits,
  formatLimit,
  namedLimits,
  parseLimit,
} from '../../../src/hub/limits/index.ts';

test('each default lies within its bounds, and every limit says what it is and why', () => {
  for (const limit of namedLimits) {
    expect.soft(limit.default, limit.name).toBeGreaterThanOrEqual(limit.least);
    expect.soft(limit.default, limit.name).toBeLessThanOrEqual(limit.most);
    expect.soft([limit.what.at(-1), limit.why.at(-1)], limit.name).toEqual(['.', '.']);
  }
});

test('what was chosen takes the place of the default, and nothing else changes', () => {
  const chosen = chooseLimits({ mqtt: { subscriptions: 7, messageBytes: undefined } });
  expect(chosen.mqtt).toEqual({ ...defaultLimits.mqtt, subscriptions: 7 });
  expect({ ...flattenLimits(chosen), 'mqtt.subscriptions': 50 }).toEqual(flattenLimits(defaultLimits));
});

test('every value is read as it was written', () => {
  const limitAndValue = constantFrom(...namedLimits).chain((limit) =>
    tuple(constant(limit), integer({ min: limit.least, max: limit.most })),
  );
  assert(
    property(limitAndValue, ([limit, value]) => {
      expect(parseLimit(limit, formatLimit(limit, value))).toBe(value);
      expect(parseLimit(limit, value)).toBe(value);
    }),
  );
});

test.each([
  ['bytes', '64KiB', 65_536],
  ['bytes', '2mib', 2_097_152],
  ['bytes', '8s', undefined],
  ['milliseconds', '8s', 8_000],
  ['milliseconds', '1m', 60_000],
  ['milliseconds', '250', 250],
  ['count', '20k', undefined],
  ['count', '-1', undefined],
  ['count', '1e9', undefined],
  ['count', '', undefined],
  ['count', '99999999999', undefined],
] as const)('a limit in %s reads %s as %s', (unit, text, value) => {
  const limit = { unit, default: 1, least: 1, most: 10_000_000, what: '', why: '' };
  expect(parseLimit(limit, text)).toBe(value);
});
