import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';

/** Large enough for what lives for a moment not to be taken for what stays. */
const enoughBytes = 16 * 1024 * 1024;
/** V8 doubles the space every few collections, so that it is not far beyond by then. */
const lookMs = 100;

/**
 * Keeps V8 from enlarging the space for new objects beyond 16 MB, or what it has already, until the returned function is called. V8 doubles
 * it, up to 128 MB, whenever much of what is new survives, as it does while a thousand streams are in progress, and it rarely gives
 * that back; collecting more often costs some processor time instead. The flag is read when V8 is about to grow, so that it may change
 * while a program runs. It is one for the whole process: of several who hold it, the first to let go does so for all.
 */
export function holdYoungGeneration(clock: Clock): () => void {
  let cancel = look();

  function look(): () => void {
    const size = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
    setFlagsFromString(`--semi-space-growth-factor=${size >= enoughBytes ? 1 : 2}`);
    return clock.after(lookMs, () => (cancel = look()), { unref: true });
  }

  return () => {
    cancel();
    setFlagsFromString('--semi-space-growth-factor=2');
  };
}
