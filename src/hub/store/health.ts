/** Whether what is to be stored reaches the disk. */
import { toFailure, type FailureCode } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { HubLog } from '../log.ts';

export type StorePart = 'registry' | 'telemetry';

/** A part that takes no writes; what is stored can still be read. */
export interface StoreProblem {
  readonly part: StorePart;
  readonly code: FailureCode;
  readonly reason: string;
  /** Unix milliseconds. */
  readonly since: number;
}

/** How one part tells. */
export interface PartHealth {
  /** What became of a commit: the error that kept it from the disk, or nothing. */
  note(error?: unknown): void;
  /** How to try whether the disk takes a write; tried each second while it does not, so that it is known soon when it does again. */
  tryWith(probe: () => Promise<unknown>): void;
}

export interface StoreHealth {
  /** Empty while all is well. */
  readonly problems: readonly StoreProblem[];
  part(part: StorePart): PartHealth;
  close(): void;
}

const probeEveryMs = 1_000;

/** A hub whose disk is full or fails goes on, for reading only: this is where it says so. */
export function createStoreHealth({ clock, log }: { readonly clock: Clock; readonly log: HubLog }): StoreHealth {
  const problems = new Map<StorePart, StoreProblem>();
  const probes = new Map<StorePart, () => Promise<unknown>>();
  const timers = new Map<StorePart, () => void>();
  let closed = false;

  function note(part: StorePart, error: unknown): void {
    const known = problems.get(part);
    if (error === undefined) {
      if (known === undefined) return;
      problems.delete(part);
      timers.get(part)?.();
      timers.delete(part);
      log.info({ part }, 'the store takes writes again');
      return;
    }
    const { code, message } = toFailure(error);
    problems.set(part, { part, code, reason: message, since: known?.since ?? clock.now() });
    if (known?.code !== code) log.error({ part, code, reason: message }, 'the store takes no writes; reading goes on');
    if (!timers.has(part)) probeLater(part);
  }

  function probeLater(part: StorePart): void {
    const probe = probes.get(part);
    if (probe === undefined || closed) return;
    const cancel = clock.after(probeEveryMs, () => void runProbe(part, probe), { unref: true });
    timers.set(part, cancel);
  }

  async function runProbe(part: StorePart, probe: () => Promise<unknown>): Promise<void> {
    try {
      await probe();
      note(part, undefined);
    } catch {
      // Whoever writes says what is wrong.
      if (problems.has(part)) probeLater(part);
    }
  }

  return {
    get problems() {
      return [...problems.values()];
    },
    part: (part) => ({ note: (error) => note(part, error), tryWith: (probe) => void probes.set(part, probe) }),
    close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
