import { expect, it } from 'vitest';
import { isoMillis, isoTicks } from '../../src/protocol/time.ts';

const moment = Date.UTC(2026, 10, 21, 22, 45, 55, 123);

it('writes milliseconds for identities and seven digits for twins', () => {
  expect(isoMillis(moment)).toBe('2026-11-21T22:45:55.123Z');
  expect(isoTicks(moment)).toBe('2026-11-21T22:45:55.1230000Z');
});

it('when a time was never set, then it is the first year', () => {
  expect(isoMillis(0)).toBe('0001-01-01T00:00:00Z');
  expect(isoTicks(0)).toBe('0001-01-01T00:00:00Z');
});
