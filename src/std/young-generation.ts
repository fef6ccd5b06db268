import { setFlagsFromString } from 'node:v8';

let holders = 0;

/**
 * Keeps V8 from enlarging the space for new objects until the returned function is called. V8 doubles it, up to 128 MB, whenever much
 * of what is new survives, as it does while a thousand streams are in progress, and it rarely gives that back; collecting more often
 * costs some processor time instead. The flag is read when V8 is about to grow, so that it may change while a program runs.
 */
export function holdYoungGeneration(): () => void {
  holders += 1;
  if (holders === 1) setFlagsFromString('--semi-space-growth-factor=1');
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    holders -= 1;
    if (holders === 0) setFlagsFromString('--semi-space-growth-factor=2');
  };
}
