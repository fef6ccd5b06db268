import type { Clock } from '../../../std/clock.ts';
import { createTimerHeap } from './timer-heap.ts';

/**
 * Time that passes only when nothing is left to do at the present moment: a day goes by as fast as the work in it. Timers fire in the
 * order of their times, and of their making where these are equal; before each, whatever promises wait for is done. Work that waits for
 * the outside (files, sockets, threads) is not seen: what runs on this clock does not do that.
 */
export interface VirtualClock extends Clock {
  /** Timers that have not fired. */
  readonly pending: number;
  /**
   * Lets time pass until the work has ended, and answers what it gave. An Error when it waits for something that no timer brings, or
   * when `limitMs` of virtual time have passed.
   */
  run<Result>(work: Promise<Result>, options?: { readonly limitMs?: number }): Promise<Result>;
  /** Lets so much time pass. */
  advance(ms: number): Promise<void>;
}

/** @param start Unix milliseconds at the beginning */
export function virtualClock(start: number = Date.UTC(2026, 0, 1)): VirtualClock {
  const timers = createTimerHeap();
  let elapsed = 0;

  async function fireNext(): Promise<void> {
    const timer = timers.take();
    if (timer === undefined) return;
    elapsed = Math.max(elapsed, timer.at);
    timer.fire();
    await settle();
  }

  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after: (ms, fire) => timers.add(elapsed + Math.max(0, ms), fire),
    get pending() {
      return timers.size;
    },
    async run(work, { limitMs = Number.POSITIVE_INFINITY } = {}) {
      const end = elapsed + limitMs;
      const progress = { ended: false };
      const finish = (): void => void (progress.ended = true);
      work.then(finish, finish);
      await settle();
      while (!progress.ended) {
        const next = timers.nextAt();
        if (next === undefined) throw new Error('the work waits for something that no timer brings');
        if (next > end) throw new Error(`the work has not ended within ${limitMs} ms of virtual time`);
        await fireNext();
      }
      return work;
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (let next = timers.nextAt(); next !== undefined && next <= end; next = timers.nextAt()) await fireNext();
      elapsed = end;
    },
  };
}

/** All promises are done, however long their chains, before a task of the event loop begins. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
