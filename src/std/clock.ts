/** Time as a dependency: wall clock for stamps, timers for waiting. Tests pass a fake. */
export interface Clock {
  /** Wall clock, Unix milliseconds. */
  now(): number;
  /** Monotonic milliseconds, for measuring and for deadlines. */
  monotonic(): number;
  /** Calls `fire` once after `ms`; the returned function cancels. The timer does not keep the process alive by itself when `unref`. */
  after(ms: number, fire: () => void, options?: { readonly unref?: boolean }): () => void;
}

/** Resolves after `ms`, or rejects with the signal's reason when aborted. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
