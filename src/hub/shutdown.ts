import type { Clock } from '../std/clock.ts';
import type { HubLog } from './log.ts';

/** What has to be undone, in reverse order of its doing. */
export interface Shutdown {
  add(name: string, step: () => Promise<void> | void): void;
  /** Runs every step once, also when one fails or hangs; rejects with the first failure. Idempotent. */
  run(): Promise<void>;
}

/** A step that takes longer is left behind, so that a stop always ends. */
const stepDeadlineMs = 10_000;

export function createShutdown(clock: Clock, log: HubLog): Shutdown {
  const steps: { readonly name: string; readonly step: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const { name, step } of steps.toReversed()) {
      try {
        await within(clock, name, step);
      } catch (error) {
        log.error({ step: name, err: error }, 'a step of the shutdown failed');
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  return {
    add: (name, step) => void steps.push({ name, step }),
    run: () => (running ??= runAll()),
  };
}

async function within(clock: Clock, name: string, step: () => Promise<void> | void): Promise<void> {
  let cancel: (() => void) | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(stepDeadlineMs, () =>
      reject(new Error(`${name} did not stop within ${stepDeadlineMs / 1_000} s`)),
    );
  });
  try {
    await Promise.race([step(), deadline]);
  } finally {
    cancel?.();
  }
}
