import type { Clock } from './clock.ts';

/** Room for work that comes in at a rate; what is not used is kept up to the bucket's size. */
export interface TokenBucket {
  /** Milliseconds until there is room; 0 when there is. A request larger than the bucket waits until it is full. */
  waitFor(cost: number): number;
  /** Takes room, also in advance: those who come later wait for it. */
  take(cost: number): void;
}

/** Sums of fractions: a hair too few tokens are enough, and a hair more than a whole millisecond is none. */
const hair = 1e-9;
const hairMs = 1e-6;

/** A full bucket. `perSecond` and `size` count tokens. */
export function createTokenBucket(perSecond: number, size: number, clock: Pick<Clock, 'monotonic'>): TokenBucket {
  const capacity = Math.max(1, size);
  let tokens = capacity;
  let filledAt = clock.monotonic();
  const fill = (): void => {
    const now = clock.monotonic();
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 1_000) * perSecond);
    filledAt = now;
  };
  return {
    waitFor(cost) {
      fill();
      const missing = Math.min(cost, capacity) - tokens;
      return missing <= hair ? 0 : Math.ceil((missing / perSecond) * 1_000 - hairMs);
    },
    take(cost) {
      fill();
      tokens -= cost;
    },
  };
}
