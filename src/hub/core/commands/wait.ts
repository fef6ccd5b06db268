import type { Clock } from '../../../std/clock.ts';

/** How a wait ends; only the first end counts. */
export interface Ending<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export interface Wait<Result> {
  readonly clock: Clock;
  readonly ms: number;
  /** Its abort rejects with its reason. */
  readonly signal: AbortSignal;
  /** Begins what is waited for; the returned function undoes it when the wait is over, however it ended. */
  readonly begin: (ending: Ending<Result>) => () => void;
  /** The time is over. */
  readonly late: (ending: Ending<Result>) => void;
}

/** Waits for something with a limit of time and a signal, and leaves neither timer nor listener behind. */
export function waitFor<Result>({ clock, ms, signal, begin, late }: Wait<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const cleanups: (() => void)[] = [];
    let over = false;
    const finish = (): void => {
      over = true;
      for (const cleanup of cleanups.splice(0)) cleanup();
    };
    const ending: Ending<Result> = {
      resolve: (result) => {
        finish();
        resolve(result);
      },
      reject: (error) => {
        finish();
        reject(error);
      },
    };
    const onAbort = (): void => ending.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    cleanups.push(
      () => signal.removeEventListener('abort', onAbort),
      clock.after(ms, () => late(ending)),
    );
    const undo = begin(ending);
    if (over) undo();
    else cleanups.push(undo);
  });
}
