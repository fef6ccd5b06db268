import { expect, test } from 'vitest';
import { describeWait } from '../../../src/cli/output/describe-wait.ts';

test.each([
  [{ cause: 'hub', waitMs: 7_400 } as const, {}, 'throttled by the hub; going on in 8s'],
  [
    { cause: 'rate', waitMs: 60_000 } as const,
    {},
    'keeping to the rate of one S1 unit, because the profile names no --tier; going on in 1m',
  ],
  [
    { cause: 'rate', waitMs: 2_000 } as const,
    { tier: 'S2', units: 3 } as const,
    'keeping to the rate of 3 S2 units; going on in 2s',
  ],
  [
    { cause: 'rate', waitMs: 2_000 } as const,
    { tier: 'S3' } as const,
    'keeping to the rate of one S3 unit; going on in 2s',
  ],
])('when %j on %j, then %s', (event, profile, text) => {
  expect(describeWait(event, profile)).toBe(text);
});
