import type { Clock } from '../../src/std/clock.ts';

/** The real clock, for tests that talk over sockets. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, fire, options) => {
    const timer = setTimeout(fire, ms);
    if (options?.unref === true) timer.unref();
    return () => clearTimeout(timer);
  },
};
