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
/** All steps together: less than what supervisors wait for before they kill (30 s for Kubernetes, 90 s for systemd). */
const stopDeadlineMs = 25_000;
/** What a step gets when others have used the time up: stores that come last are to be closed in order. */
const leastMs = 500;

export function createShutdown(clock: Clock, log: HubLog): Shutdown {
  const steps: { readonly name: string; readonly step: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    const errors: unknown[] = [];
    const end = clock.monotonic() + stopDeadlineMs;
    for (const { name, step } of steps.toReversed()) {
      try {
        await within(clock, Math.min(stepDeadlineMs, Math.max(leastMs, end - clock.monotonic())), { name, step });
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

async function within(
  clock: Clock,
  ms: number,
  { name, step }: { readonly name: string; readonly step: () => Promise<void> | void },
): Promise<void> {
  let cancel: (() => void) | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(new Error(`${name} did not stop within ${ms / 1_000} s`)));
  });
  try {
    await Promise.race([step(), deadline]);
  } finally {
    cancel?.();
  }
}
