/** When a request is sent again, and after how long. Source: service.md §11.3. */

/**
 * How much may happen when a request is sent twice: nothing (`idempotent`), or a command that runs twice (`once`), which is sent again
 * only when the hub says that it did not take it (429).
 */
export type Repeatability = 'idempotent' | 'once';

export interface Attempt {
  /** Tries made so far, from 1. */
  readonly tries: number;
  /** Monotonic milliseconds since the first try began. */
  readonly elapsedMs: number;
  readonly repeatability: Repeatability;
  /** The hub has answered this client before, so a refused connection is likely a restart. */
  readonly answeredBefore: boolean;
  /** In [0, 1). */
  readonly random: number;
}

export type Outcome =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'network'; readonly neverSent: boolean };

const throttleBaseMs = 10_000;
const throttleCapMs = 60_000;
const throttleBudgetMs = 20 * 60_000;
const failureBaseMs = 1_000;
const failureCapMs = 30_000;
const failureTries = 6;

/** Milliseconds to wait before the next try, undefined to give up. */
export function retryDelay(outcome: Outcome, attempt: Attempt): number | undefined {
  if (
    outcome.kind === 'status' &&
    (outcome.status === 429 || (outcome.status === 503 && attempt.repeatability === 'idempotent'))
  ) {
    const delay =
      outcome.retryAfterMs ?? attempt.random * Math.min(throttleCapMs, throttleBaseMs * 2 ** (attempt.tries - 1));
    return attempt.elapsedMs + delay > throttleBudgetMs ? undefined : delay;
  }
  if (attempt.repeatability === 'once' || attempt.tries >= failureTries) return undefined;
  if (outcome.kind === 'status' && ![408, 500, 502, 504].includes(outcome.status)) return undefined;
  if (outcome.kind === 'network' && outcome.neverSent && !attempt.answeredBefore) return undefined;
  return (0.5 + attempt.random / 2) * Math.min(failureCapMs, failureBaseMs * 2 ** (attempt.tries - 1));
}

/** Reads `Retry-After`, seconds or a date, as milliseconds from `now`; undefined when absent or not valid. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
