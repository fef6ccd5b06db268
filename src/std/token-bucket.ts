import type { Clock } from './clock.ts';

/** Room for work that comes in at a rate; what is not used is kept up to the bucket's size. */
export interface TokenBucket {
  /** Milliseconds until there is room; 0 when there is. A request larger than the bucket waits until it is full. */
  waitFor(cost: number): number;
  /** Takes room, also in advance: those who come later wait for it. */
  take(cost: number): void;
}

/** Rounding must not make anybody wait for a tenth of a millionth of a token. */
const rounding = 1e-9;

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
      return missing <= rounding ? 0 : Math.ceil((missing / perSecond) * 1_000);
    },
    take(cost) {
      fill();
      tokens -= cost;
    },
  };
}
