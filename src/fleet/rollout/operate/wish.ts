import type { JsonObject } from '../../../std/json.ts';
import type { Hub } from '../../ports.ts';
import type { Intent } from '../model/record.ts';
import { changeIntent } from '../records/index.ts';
import { withWish, type Wish } from './intents.ts';

interface WishOptions {
  /** Who asks, for the audit. */
  readonly actor: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks something of a rollout; the controller follows within seconds. Two operators at once both have their way, one after the other.
 * Failures: rollout-not-found, conflict (it cannot do that any more), invalid-value, changed-meanwhile.
 */
export async function askRollout(
  { records }: Pick<Hub, 'records'>,
  id: string,
  wish: Wish,
  { actor, now, signal }: WishOptions,
): Promise<{ readonly intent: Intent; readonly changed: boolean }> {
  return changeIntent(records, id, {
    note: { at: new Date(now).toISOString(), actor, action: wish.kind, details: detailsOf(wish) },
    change: (rollout) => withWish(rollout, wish),
    signal,
  });
}

/** For the audit, which counts waves from 1. */
function detailsOf(wish: Wish): JsonObject {
  if ('wave' in wish) return { wave: wish.wave + 1 };
  if (wish.kind === 'retry') return { devices: wish.devices.map(({ deviceId, attempt }) => ({ deviceId, attempt })) };
  return {};
}
