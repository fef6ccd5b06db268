import { expect, test } from 'vitest';
import { whenText } from '../../../src/cli/views/when-text.ts';

const now = Date.parse('2026-06-01T12:00:00Z');

test.each([
  ['2026-06-01T12:00:00.400Z', 'now'],
  ['2026-06-01T11:59:57.600Z', '2s ago'],
  ['2026-06-01T11:50:00Z', '10m ago'],
  ['2026-06-01T12:04:59Z', 'in 5m'],
  ['2026-06-01T12:59:50Z', 'in 1h'],
  ['2026-05-30T12:00:00Z', '2d ago'],
  ['2027-06-01T12:00:00Z', 'in 365d'],
])('%s is said as %s', (time, text) => {
  expect(whenText(time, now)).toBe(text);
});

test.each([null, undefined, '', 'soon'])('of %s nothing is said', (time) => {
  expect(whenText(time, now)).toBeUndefined();
});
