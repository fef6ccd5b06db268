import type { Clock } from '../../std/clock.ts';

/** Time that runs faster than the clock on the wall: `speed` virtual seconds in each real one. */
export interface VirtualTime {
  readonly speed: number;
  /** Virtual Unix milliseconds. */
  now(): number;
  /** Calls `fire` when virtual time reaches `at`; the returned function cancels. */
  at(at: number, fire: () => void): () => void;
}

/** Virtual time starts at the real time. */
export function virtualTime(clock: Clock, speed: number): VirtualTime {
  const started = clock.now();
  const monotonicStart = clock.monotonic();
  const now = (): number => started + (clock.monotonic() - monotonicStart) * speed;
  return { speed, now, at: (at, fire) => clock.after(Math.max(0, (at - now()) / speed), fire) };
}
