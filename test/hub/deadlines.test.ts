import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines, type Mortal } from '../../src/hub/deadlines.ts';
import { fakeClock } from '../support/fake-clock.ts';

function mortal(due: () => void): Mortal {
  return { deadlineAt: -1, due };
}

describe('Deadlines', () => {
  it('keeps every deadline to the millisecond, whatever is set, moved and cleared', async () => {
    const step = fc.record({
      who: fc.nat({ max: 19 }),
      what: fc.constantFrom('set' as const, 'set' as const, 'clear' as const, 'wait' as const),
      ms: fc.nat({ max: 1_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = fakeClock();
        const deadlines = new Deadlines(clock);
        const wanted = new Map<number, number>();
        const wrong: string[] = [];
        const all = Array.from({ length: 20 }, (_, who) =>
          mortal(() => {
            if (wanted.get(who) !== clock.monotonic()) wrong.push(`${who} at ${clock.monotonic()}`);
            wanted.delete(who);
          }),
        );
        for (const { who, what, ms } of steps) {
          const one = all[who]!;
          if (what === 'set') {
            wanted.set(who, clock.monotonic() + ms);
            deadlines.set(one, clock.monotonic() + ms);
          } else if (what === 'clear') {
            wanted.delete(who);
            deadlines.clear(one);
          } else await clock.advance(ms);
          expect(deadlines.size).toBe(wanted.size);
        }
        await clock.advance(1_000);
        expect({ wrong, left: [...wanted], pending: clock.pending }).toEqual({ wrong: [], left: [], pending: 0 });
      }),
      { numRuns: 60 },
    );
  });

  it('when thousands have deadlines, then there is one timer, and none when they are cleared', () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock);
    const all = Array.from({ length: 5_000 }, () => mortal(() => undefined));
    for (const [index, one] of all.entries()) deadlines.set(one, 10_000 - index);
    expect(clock.pending).toBe(1);
    for (const one of all) deadlines.clear(one);
    expect(clock.pending).toBe(0);
  });

  it('when one that is due sets its next deadline and clears another, then both count', async () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock);
    const seen: string[] = [];
    const second = mortal(() => seen.push('second'));
    const first = mortal(() => {
      seen.push(`first at ${clock.monotonic()}`);
      deadlines.clear(second);
      if (clock.monotonic() < 30) deadlines.set(first, clock.monotonic() + 10);
    });
    deadlines.set(first, 10);
    deadlines.set(second, 10);
    await clock.advance(100);
    expect(seen).toEqual(['first at 10', 'first at 20', 'first at 30']);
  });

  it('when a deadline is further than a timer reaches, then it comes in time all the same', async () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock);
    let came = 0;
    deadlines.set(
      mortal(() => (came = clock.monotonic())),
      5_000_000_000,
    );
    await clock.advance(4_999_999_999);
    expect(came).toBe(0);
    await clock.advance(1);
    expect(came).toBe(5_000_000_000);
  });
});
