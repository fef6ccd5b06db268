import type { Clock } from '../../../std/clock.ts';
import type { ConnectionState } from '../../../protocol/identity.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { Activity, RegistryStore } from '../ports.ts';

/** Collects what devices do and writes it in batches: states soon, bare activity every few seconds. */
export interface ActivityRecorder {
  /** The device did something just now. */
  seen(identity: IdentityPath): void;
  /** The device's connection state changed just now. */
  changed(identity: IdentityPath, state: ConnectionState): void;
  /** Resolves when every connection state noted so far is stored, or could not be. */
  flushStates(): Promise<void>;
  /** Writes everything that is left. */
  close(): Promise<void>;
}

const stateDelayMs = 50;
const activityDelayMs = 5_000;

export interface ActivityParts {
  readonly store: Pick<RegistryStore, 'touch'>;
  readonly clock: Clock;
  /** Told when a batch could not be written; its states are tried again with the next one. */
  readonly onError: (error: unknown) => void;
}

export function createActivityRecorder({ store, clock, onError }: ActivityParts): ActivityRecorder {
  let times = new Map<string, number>();
  let states = new Map<string, { state: ConnectionState; time: number }>();
  let cancelTimer: (() => void) | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  function schedule(delayMs: number): void {
    const at = clock.monotonic() + delayMs;
    if (closed || at >= dueAt) return;
    cancelTimer?.();
    dueAt = at;
    cancelTimer = clock.after(delayMs, () => void flush().catch(() => undefined), { unref: true });
  }

  function flush(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    dueAt = Number.POSITIVE_INFINITY;
    if (times.size === 0) return writing;
    const takenTimes = times;
    const takenStates = states;
    times = new Map();
    states = new Map();
    const batch: Activity[] = [];
    for (const [identity, lastActivityTime] of takenTimes) {
      const change = takenStates.get(identity);
      batch.push(
        change === undefined
          ? { identity, lastActivityTime }
          : { identity, lastActivityTime, connectionState: change.state },
      );
    }
    writing = writing.catch(() => undefined).then(() => write(batch, takenStates));
    return writing;
  }

  async function write(
    batch: readonly Activity[],
    takenStates: ReadonlyMap<string, { state: ConnectionState; time: number }>,
  ): Promise<void> {
    try {
      await store.touch(batch);
    } catch (error) {
      onError(error);
      for (const [identity, change] of takenStates) {
        if (states.has(identity)) continue;
        states.set(identity, change);
        if (!times.has(identity)) times.set(identity, change.time);
      }
      if (takenStates.size > 0) schedule(activityDelayMs);
      throw error;
    }
  }

  return {
    seen(identity) {
      times.set(identity, clock.now());
      if (dueAt === Number.POSITIVE_INFINITY) schedule(activityDelayMs);
    },
    changed(identity, state) {
      const time = clock.now();
      times.set(identity, time);
      states.set(identity, { state, time });
      schedule(stateDelayMs);
    },
    // A store that cannot write must not keep anyone from reading.
    flushStates: () => (states.size > 0 ? flush() : writing).catch(() => undefined),
    async close() {
      closed = true;
      await flush();
    },
  };
}
