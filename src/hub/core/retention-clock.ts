import type { Clock } from '../../std/clock.ts';

/** Clocks drift and are corrected; more than this at once is a jump. */
const toleratedMs = 5 * 60_000;
/** How long a jump must stand. */
const standsMs = 3_600_000;

/**
 * The time by which telemetry and the audit age: the wall clock, save that a jump ahead counts only when it has stood for an hour. A
 * clock that is wrong for a moment must not remove what cannot be brought back.
 */
export function createRetentionClock(clock: Clock): () => number {
  let anchor = { wall: clock.now(), monotonic: clock.monotonic() };
  let jumpedAt: number | undefined;
  return () => {
    const here = { wall: clock.now(), monotonic: clock.monotonic() };
    const expected = anchor.wall + (here.monotonic - anchor.monotonic);
    const jumps = here.wall - expected > toleratedMs;
    if (jumps) jumpedAt ??= here.monotonic;
    if (jumps && here.monotonic - (jumpedAt ?? 0) < standsMs) return expected;
    anchor = here;
    jumpedAt = undefined;
    return here.wall;
  };
}
