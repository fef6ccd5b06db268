/** How long to wait before the n-th try (n from 0): doubles from `firstMs` to `maximumMs`, the upper half of it random. */
export interface Backoff {
  readonly firstMs: number;
  readonly maximumMs: number;
}

/** Half fixed, half random, so that a fleet cut off together does not come back together. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const ceiling = Math.min(backoff.maximumMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
