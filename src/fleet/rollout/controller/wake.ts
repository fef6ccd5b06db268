import type { Clock } from '../../../std/clock.ts';

/** Somebody who waits for something to do. */
export interface Wake {
  /** There is something to do. */
  call(): void;
  /** Waits until somebody calls, or for `ms` at most; true when somebody called. Rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
}

/** Node's timers go no further than this. */
const longestTimerMs = 2 ** 31 - 1;

export function createWake(clock: Clock): Wake {
  let called = false;
  let wakeUp: (() => void) | undefined;
  return {
    call() {
      called = true;
      wakeUp?.();
    },
    async wait(ms, signal) {
      signal.throwIfAborted();
      if (!called && ms > 0) await pause(Math.min(ms, longestTimerMs), signal);
      const was = called;
      called = false;
      return was;
    },
  };

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => (): void => {
        cancel();
        signal.removeEventListener('abort', abort);
        wakeUp = undefined;
        settle();
      };
      const abort = end(() => reject(signal.reason as Error));
      const cancel = clock.after(ms, end(resolve));
      wakeUp = end(resolve);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
