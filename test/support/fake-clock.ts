import type { Clock } from '../../src/std/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on and fires what falls due, in order; lets promises settle between timers. */
  advance(ms: number): Promise<void>;
  readonly pending: number;
}

/** A clock that stands still until told to move. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Map<number, { at: number; fire: () => void }>();
  let elapsed = 0;
  let counter = 0;
  const next = (limit: number): [number, { at: number; fire: () => void }] | undefined =>
    [...timers].filter(([, timer]) => timer.at <= limit).toSorted((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after: (ms, fire) => {
      const id = counter++;
      timers.set(id, { at: elapsed + Math.max(0, ms), fire });
      return () => timers.delete(id);
    },
    advance: async (ms) => {
      const end = elapsed + ms;
      await settle();
      for (let due = next(end); due !== undefined; due = next(end)) {
        timers.delete(due[0]);
        elapsed = Math.max(elapsed, due[1].at);
        due[1].fire();
        await settle();
      }
      elapsed = end;
      await settle();
    },
    get pending() {
      return timers.size;
    },
  };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
