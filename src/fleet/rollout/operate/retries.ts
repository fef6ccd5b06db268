import { Failure } from '../../../errors/index.ts';
import type { Hub } from '../../ports.ts';
import type { DeviceState } from '../model/observed.ts';
import type { Intent } from '../model/record.ts';
import { readStandings } from './standings.ts';
import type { RolloutStatus } from './status.ts';

const failures: readonly DeviceState[] = ['failed', 'rejected', 'reverted', 'lost', 'recovered'];
const retryable: ReadonlySet<DeviceState> = new Set<DeviceState>([...failures, 'unreached', 'canceled']);

/**
 * Devices to be tried again, with the attempt that is over: those that are named, or all that count as failures. Failures: not-found (a
 * device is no part of the rollout), conflict (it has nothing to be tried again), no-match.
 */
export async function findRetries(
  hub: Pick<Hub, 'records' | 'queries' | 'twins'>,
  rollout: RolloutStatus,
  wanted: readonly string[] | 'failed',
  options: { readonly now: number; readonly signal: AbortSignal },
): Promise<Intent['retries']> {
  const standings = await readStandings(hub, rollout, options);
  if (wanted === 'failed') {
    const failed = standings.filter(({ state, attempt }) => failures.includes(state) && attempt > 0);
    if (failed.length === 0) throw new Failure('no-match', `no device of rollout ${rollout.id} has failed`);
    return failed.map(({ deviceId, attempt }) => ({ deviceId, attempt }));
  }
  const byId = new Map(standings.map((each) => [each.deviceId, each]));
  return [...new Set(wanted)].map((deviceId) => {
    const standing = byId.get(deviceId);
    if (standing === undefined)
      throw new Failure('not-found', `device "${deviceId}" is no part of rollout ${rollout.id}`);
    const { state, attempt } = standing;
    if (!retryable.has(state) || attempt === 0)
      throw new Failure('conflict', `device "${deviceId}" is ${state}: there is nothing to try again`, {
        hint: `iotctl rollout why ${rollout.id} ${deviceId}`,
      });
    return { deviceId, attempt };
  });
}
