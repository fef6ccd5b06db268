import { isFailure } from '../../../errors/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Hub } from '../../ports.ts';
import { createFleetView } from '../controller/fleet-view.ts';
import { explainDevice, type Explanation } from '../decide/index.ts';
import type { ObservedDevice } from '../model/observed.ts';
import { readPlan, readRollout } from '../records/index.ts';
import { livingRollouts } from './living-rollouts.ts';
import type { RolloutStatus } from './status.ts';

/** Why a device of a rollout stands where it does, and what is known of it. */
export interface Why {
  readonly rollout: RolloutStatus;
  readonly explanation: Explanation;
  /** Undefined when the hub has no such device. */
  readonly device: ObservedDevice | undefined;
}

/** Looks at one device of a rollout. Failures: rollout-not-found, data-unusable and those of the hub. */
export async function findWhy(
  hub: Pick<Hub, 'records' | 'twins'>,
  id: string,
  deviceId: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Why> {
  const rollout = await readRollout(hub.records, id, signal);
  const [plan, device, others] = await Promise.all([
    readPlan(hub.records, id, rollout.header, signal),
    readDevice(hub, deviceId, now, signal),
    livingRollouts(hub, signal),
  ]);
  const { intent, state } = rollout;
  return { rollout, device, explanation: explainDevice({ plan, intent, state, deviceId, device, others, now }) };
}

async function readDevice(
  { twins }: Pick<Hub, 'twins'>,
  deviceId: string,
  now: number,
  signal: AbortSignal,
): Promise<ObservedDevice | undefined> {
  const view = createFleetView(() => now);
  view.watch([deviceId]);
  try {
    view.takeTwin((await twins.get(deviceId, signal)) as unknown as JsonObject);
  } catch (error) {
    if (!isFailure(error, 'device-not-found', 'not-found')) throw error;
  }
  return view.devices.get(deviceId);
}
