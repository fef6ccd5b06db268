import { exitCodes, Failure } from '../errors/index.ts';
import type { SignalName, System } from './system.ts';

/** A wrapper such as npx, or our own launcher, passes on the Ctrl-C that the terminal sent to us too: one press, two signals. */
const samePress = 300;

/**
 * The first signal aborts, so that work ends in order; a second one ends the process at once. The returned function stops
 * the watch.
 */
export function watchSignals(system: System, controller: AbortController, beforeExit: () => void): () => void {
  let firstAt: number | undefined;
  const watch = (name: SignalName, reason: 'interrupted' | 'terminated', code: number): (() => void) =>
    system.onSignal(name, () => {
      const now = system.clock.monotonic();
      if (firstAt === undefined) {
        firstAt = now;
        controller.abort(new Failure(reason, reason));
      } else if (now - firstAt >= samePress) {
        beforeExit();
        system.exit(code);
      }
    });
  const watches = [
    watch('SIGINT', 'interrupted', exitCodes.interrupted),
    watch('SIGTERM', 'terminated', exitCodes.terminated),
    watch('SIGHUP', 'terminated', exitCodes.terminated),
  ];
  return () => {
    for (const unwatch of watches) unwatch();
  };
}
