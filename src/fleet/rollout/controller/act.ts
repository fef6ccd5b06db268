import { isFailure, toFailure } from '../../../errors/index.ts';
import { offerPatch } from '../../../protocol/firmware/index.ts';
import type { TwinChange } from '../../../protocol/twin/document.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import { pool } from '../../../std/pool.ts';
import type { Action } from '../model/decision.ts';
import type { Mark } from '../model/observed.ts';
import { passingTrouble } from './backoff.ts';
import type { OfferMaker } from './offers.ts';
import type { ControllerHub } from './ports.ts';
import type { Observer } from './observer.ts';

/** An action that is one write of one twin. */
export type DeviceAction = Extract<Action, { deviceId: string }>;

export interface Actor {
  /**
   * Carries actions out, several at a time, for about a second: what is left is decided anew, on what has been seen meanwhile. Failures:
   * those of a hub that is away, and what `check` throws.
   */
  act(actions: readonly DeviceAction[], signal: AbortSignal): Promise<void>;
  readonly counts: { readonly offers: number; readonly twinWrites: number };
}

interface ActorOptions {
  readonly hub: Pick<ControllerHub, 'twins'>;
  readonly clock: Clock;
  readonly observer: Pick<Observer, 'view' | 'doubt'>;
  readonly offers: Pick<OfferMaker, 'make'>;
  /** Throws, and aborts the signal of `act`, when this controller may not write any more. */
  readonly check: () => void;
  /** A device's twin cannot be written, for a reason of its own. */
  readonly onRefused: (deviceId: string, message: string) => void;
}

const writesAtOnce = 16;
const budgetMs = 1_000;
/** A twin that cannot be written is left alone for so long. */
const refusedMs = 60_000;

export function createActor({ hub, clock, observer, offers, check, onRefused }: ActorOptions): Actor {
  const { view, doubt } = observer;
  const refused = new Map<string, number>();
  let written = 0;
  let offered = 0;

  async function changeOf(action: DeviceAction, signal: AbortSignal): Promise<TwinChange> {
    const mark = markPatch(view.markSkeleton(action.deviceId), action.mark);
    switch (action.kind) {
      case 'offer':
      case 'return': {
        const offer = await offers.make(action, signal);
        const desired = { firmware: offerPatch(view.offerSkeleton(action.deviceId), offer) };
        return { tags: { firmware: mark }, properties: { desired } };
      }
      case 'withdraw':
        return { tags: { firmware: mark }, properties: { desired: { firmware: null } } };
      case 'mark':
        return { tags: { firmware: mark } };
    }
  }

  async function carryOut(action: DeviceAction, signal: AbortSignal): Promise<void> {
    const { deviceId, etag } = action;
    // It has changed since it was decided upon: the next decision sees it as it is.
    if (view.devices.get(deviceId)?.etag !== etag) return;
    const change = await changeOf(action, signal);
    check();
    const twin = await hub.twins.patch(deviceId, change, { etag, signal });
    view.takeTwin(twin as unknown as JsonObject);
    written++;
    if (action.kind === 'offer' || action.kind === 'return') offered++;
  }

  /** Answers what keeps the others from being carried out too. */
  async function tryOne(action: DeviceAction, signal: AbortSignal): Promise<{ readonly error: unknown } | undefined> {
    const { deviceId } = action;
    try {
      await carryOut(action, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) return { error };
      if (isFailure(error, 'changed-meanwhile', 'device-not-found')) {
        doubt(deviceId);
        return undefined;
      }
      if (isFailure(error, 'refused', 'invalid-value', 'invalid-input')) {
        refused.set(deviceId, clock.monotonic() + refusedMs);
        onRefused(deviceId, toFailure(error).message);
        return undefined;
      }
      // It may have been written all the same.
      doubt(deviceId);
      return { error };
    }
  }

  return {
    async act(actions, signal) {
      const until = clock.monotonic() + budgetMs;
      let stopped: { readonly error: unknown } | undefined;
      const due = function* (): Generator<DeviceAction> {
        for (const action of actions) {
          if (stopped !== undefined || clock.monotonic() > until) return;
          if ((refused.get(action.deviceId) ?? 0) <= clock.monotonic()) yield action;
        }
      };
      for await (const ended of pool(due(), writesAtOnce, (action) => tryOne(action, signal), signal))
        stopped ??= ended;
      if (stopped === undefined) return;
      signal.throwIfAborted();
      throw passingTrouble(stopped.error);
    },
    counts: {
      get offers() {
        return offered;
      },
      get twinWrites() {
        return written;
      },
    },
  };
}

/** The mark that replaces the one before: patches merge. */
function markPatch(before: JsonObject, mark: Mark): JsonObject {
  return offerPatch(before, { ...mark });
}
