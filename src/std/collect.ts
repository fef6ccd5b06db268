import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Far more than threads that begin at once need. */
const mostTries = 1_000;

/**
 * A function that collects all garbage of the thread it is made in, which takes some milliseconds for a small heap. For threads whose objects
 * hold much memory that V8 does not see, such as compressors: by itself it would come to them after some 60 MB.
 */
export function createCollector(): () => void {
  for (let tries = 0; tries < mostTries; tries++) {
    const collect = exposedCollector();
    if (collect !== undefined) return () => collect();
  }
  // A matter of memory alone, for which no thread must fail.
  return () => undefined;
}

/** Undefined when another thread that does the same took the flag back in between: it is one for the whole process. */
function exposedCollector(): (() => void) | undefined {
  // Only contexts that are made while the flag is set have the function.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as (() => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
