import { assert, array, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClockOffset } from '../../../src/client/http/clock-offset.ts';

const start = Date.UTC(2026, 0, 1);
/** The Date header that a hub with this clock writes. */
const header = (at: number): string => new Date(at).toUTCString();

describe('the offset of a hub’s clock', () => {
  it('is 0 while nothing is known, and while a header says nothing', () => {
    const offset = createClockOffset();
    expect(offset.offsetMs).toBe(0);
    offset.take(undefined, start, start + 10);
    offset.take('soon', start, start + 10);
    expect(offset.offsetMs).toBe(0);
  });

  it('is within a second and the way there and back, and 0 for clocks that agree', () => {
    const samples = array(record({ rtt: integer({ min: 0, max: 2_000 }), gap: integer({ min: 0, max: 9_000 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    assert(
      property(integer({ min: -86_400_000, max: 86_400_000 }), samples, (ahead, taken) => {
        const offset = createClockOffset();
        let now = start;
        let fastest = Number.POSITIVE_INFINITY;
        for (const { rtt, gap } of taken) {
          now += gap;
          offset.take(header(now + rtt / 2 + ahead), now, now + rtt);
          now += rtt;
          fastest = Math.min(fastest, rtt);
        }
        expect(Math.abs(offset.offsetMs - ahead)).toBeLessThanOrEqual(1_000 + fastest);
        if (ahead === 0) expect(Math.abs(offset.offsetMs)).toBe(0);
      }),
    );
  });

  it('follows a clock that is set', () => {
    const offset = createClockOffset();
    offset.take(header(start + 3_600_000), start, start + 5);
    expect(Math.abs(offset.offsetMs - 3_600_000)).toBeLessThanOrEqual(1_005);
    offset.take(header(start + 10_000), start + 10_000, start + 10_005);
    expect(Math.abs(offset.offsetMs)).toBeLessThanOrEqual(1_005);
  });
});
