import { sleep, type Clock } from '../../std/clock.ts';

/** Waits for the time to pass, the end, or the news; true when it was the news. */
export async function pause(clock: Clock, ms: number, ended: AbortSignal, news: Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([ended, over.signal]);
  const slept = sleep(clock, Math.max(0, ms), either).catch(() => undefined);
  const wasNews = await Promise.race([slept.then(() => false), news.then(() => true)]);
  over.abort();
  return wasNews;
}
