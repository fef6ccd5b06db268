import { toFailure } from '../../../errors/index.ts';
import { listGoingOn, readRollout } from '../records/index.ts';
import { createBackoff } from './backoff.ts';
import { drive, type DriveEnd } from './drive.ts';
import type { ControllerPorts } from './ports.ts';
import { createWake, type Wake } from './wake.ts';

export interface ControllerOptions extends Omit<ControllerPorts, 'others'> {
  /** The one rollout to drive; all of the hub when absent. */
  readonly rolloutId?: string | undefined;
  /** Called to look for rollouts at once. */
  readonly wake?: Wake | undefined;
  /** Answers when no rollout goes on, instead of waiting for the next. */
  readonly untilIdle?: boolean | undefined;
}

/** How often new rollouts are looked for, without anybody telling of them. */
const lookMs = { events: 5_000, poll: 15_000 } as const;

/**
 * Drives the rollouts of a hub that go on, each until it has ended or the signal aborts; resolves then, with every lease given back. What
 * goes wrong with one of them is told by `onEvent`, tried again later, and does not concern the others. Failures: not-authorised,
 * unsupported, rollout-not-found for the one that is asked for.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { clock, rolloutId } = options;
  const wake = options.wake ?? createWake(clock);
  const driven = new Map<string, Promise<unknown>>();
  let live: ReadonlySet<string> | undefined;
  const ports: ControllerPorts = { ...options, others: () => live ?? new Set() };

  const begin = (id: string): void => {
    const driving = driveOn(id, ports, signal).finally(() => {
      driven.delete(id);
      wake.call();
    });
    driven.set(id, driving);
    driving.catch(() => undefined);
  };

  const backoff = createBackoff(options.random);
  let firstLook = true;
  if (rolloutId !== undefined) await readRollout(options.hub.records, rolloutId, signal);
  while (!signal.aborted) {
    let waitMs: number = lookMs[options.watch];
    try {
      const found = await liveRollouts(options, signal);
      live = new Set(found);
      for (const id of found) if (!driven.has(id) && (rolloutId === undefined || id === rolloutId)) begin(id);
      backoff.reset();
      firstLook = false;
      if (options.untilIdle === true && driven.size === 0) return;
    } catch (error) {
      if (signal.aborted) break;
      const failure = toFailure(error);
      // Whoever has just typed the command is told at once; a controller that works waits until the hub is back.
      if (firstLook && !failure.retryable) throw failure;
      waitMs = backoff.next();
      options.onEvent?.({ rollout: rolloutId ?? '', kind: 'trouble', failure, retryInMs: waitMs });
    }
    await wake.wait(waitMs, signal).catch(() => undefined);
  }
  await Promise.allSettled(driven.values());
}

async function liveRollouts({ hub, onEvent }: ControllerOptions, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const onUnreadable = (rollout: string, failure: ReturnType<typeof toFailure>): void =>
    onEvent?.({ rollout, kind: 'trouble', failure, retryInMs: lookMs.poll });
  for await (const id of listGoingOn(hub.records, { signal, onUnreadable })) found.push(id);
  return found;
}

/** Drives one rollout until it has ended: also after another has driven it for a while, and after something has gone wrong. */
async function driveOn(id: string, ports: ControllerPorts, signal: AbortSignal): Promise<void> {
  const { clock } = ports;
  const wake = createWake(clock);
  const backoff = createBackoff(ports.random);
  while (!signal.aborted) {
    let end: DriveEnd | undefined;
    try {
      end = await drive(id, ports, signal);
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = backoff.next();
      ports.onEvent?.({ rollout: id, kind: 'trouble', failure: toFailure(error), retryInMs });
      await wake.wait(retryInMs, signal).catch(() => undefined);
    }
    if (end?.kind === 'ended') return;
  }
}
