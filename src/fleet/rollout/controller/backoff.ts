import { isFailure, toFailure, type Failure } from '../../../errors/index.ts';
import { sleep, type Clock } from '../../../std/clock.ts';

const firstMs = 500;
const longestMs = 30_000;

/** Waiting times that grow while the same thing keeps failing. */
export interface Backoff {
  /** How long to wait after one more failure. */
  next(): number;
  reset(): void;
}

export function createBackoff(random: () => number): Backoff {
  let failures = 0;
  return {
    next: () => (0.5 + random() / 2) * Math.min(longestMs, firstMs * 2 ** Math.min(failures++, 10)),
    reset: () => void (failures = 0),
  };
}

/** The hub is away or slows us down: what a controller waits out. Anything else is thrown on. */
export function passingTrouble(error: unknown): Failure {
  const failure = toFailure(error);
  if (failure.retryable || isFailure(failure, 'hub-unreachable', 'throttled', 'hub-failed', 'quota-exceeded'))
    return failure;
  throw error;
}

/** How to wait trouble out. */
export interface Patience {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onTrouble: (trouble: { readonly failure: Failure; readonly retryInMs: number }) => void;
}

/** Does a piece of work again and again while it fails for reasons that pass; any other failure is thrown on. */
export async function insist<Result>(
  { clock, random, onTrouble }: Patience,
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const backoff = createBackoff(random);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const failure = passingTrouble(error);
      const retryInMs = backoff.next();
      onTrouble({ failure, retryInMs });
      await sleep(clock, retryInMs, signal);
    }
  }
}
