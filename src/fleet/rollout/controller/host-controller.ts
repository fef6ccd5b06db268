import { createWake } from './wake.ts';
import { runController, type ControllerOptions } from './run-controller.ts';

/** A controller that works in the background of a program. */
export interface HostedController {
  /** There may be a new rollout, or a new wish about one. */
  look(): void;
  /** Stops it and gives its leases back, so that another takes over at once. */
  stop(): Promise<void>;
}

/** Drives every rollout of a hub until it is stopped. `onFailure` is told when it cannot work at all. */
export function hostController(
  options: Omit<ControllerOptions, 'wake' | 'untilIdle'>,
  onFailure: (error: unknown) => void,
): HostedController {
  const ending = new AbortController();
  const wake = createWake(options.clock);
  const running = runController({ ...options, wake }, ending.signal).catch((error: unknown) => {
    if (!ending.signal.aborted) onFailure(error);
  });
  return {
    look: () => wake.call(),
    async stop() {
      ending.abort();
      await running;
    },
  };
}
