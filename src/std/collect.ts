import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * A function that collects all garbage of the thread it is made in, which takes some milliseconds for a small heap. For threads whose objects
 * hold much memory that V8 does not see, such as compressors: by itself it would come to them after some 60 MB.
 */
export function createCollector(): () => void {
  // Only contexts that are made while the flag is set have the function.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect();
}
