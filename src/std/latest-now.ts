import type { Clock } from './clock.ts';

/**
 * The wall clock, or what it said at first and the time since, whichever is later: where it is set back, what has ended does not become
 * valid again. A clock that was ahead at first keeps the answers ahead, until the program is started again.
 */
export function createLatestNow(clock: Pick<Clock, 'now' | 'monotonic'>): () => number {
  const ahead = clock.now() - clock.monotonic();
  return () => Math.max(clock.now(), ahead + clock.monotonic());
}
