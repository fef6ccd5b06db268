import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from enlarging the space for new objects until the returned function is called. V8 doubles it, up to 128 MB, whenever much
 * of what is new survives, as it does while a thousand streams are in progress, and it rarely gives that back; collecting more often
 * costs some processor time instead. The flag is read when V8 is about to grow, so that it may change while a program runs. It is one
 * for the whole process: of several who hold it, the first to let go does so for all.
 */
export function holdYoungGeneration(): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  return () => setFlagsFromString('--semi-space-growth-factor=2');
}
