import type { Hub } from '../../ports.ts';
import { createFleetView } from '../controller/fleet-view.ts';
import { readTwins } from '../controller/read-twins.ts';
import { contextOf, type Context } from '../decide/context.ts';
import { factsOf } from '../decide/device-state.ts';
import type { DeviceState, ObservedDevice } from '../model/observed.ts';
import type { BlockReason } from '../model/plan.ts';
import { readPlan } from '../records/index.ts';
import type { RolloutStatus } from './status.ts';

/** How one device of a rollout stands. */
export interface DeviceStanding {
  readonly deviceId: string;
  /** Index of the wave, from 0. */
  readonly wave: number;
  readonly state: DeviceState;
  /** The newest attempt, 0 before the first. */
  readonly attempt: number;
  /** What runs there now. */
  readonly version?: string | undefined;
  readonly digest?: string | undefined;
  readonly code?: string | undefined;
  /** In the device's own words. */
  readonly message?: string | undefined;
  readonly blocked?: BlockReason | undefined;
  /** The version that ran there before. */
  readonly previous?: string | undefined;
  /** ISO 8601. */
  readonly decidedAt?: string | undefined;
}

interface StandingsOptions {
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * How every device of a rollout stands, in the order of its plan, then those that joined: as its controller sees them, from their twins.
 * Failures: data-unusable and those of the hub.
 */
export async function readStandings(
  hub: Pick<Hub, 'records' | 'queries' | 'twins'>,
  { id, header, intent, state }: RolloutStatus,
  { now, signal }: StandingsOptions,
): Promise<DeviceStanding[]> {
  const plan = await readPlan(hub.records, id, header, signal);
  const members = [...plan.devices, ...(state?.joined ?? [])];
  const view = createFleetView(() => now);
  const ids = members.map(({ deviceId }) => deviceId);
  view.watch(ids);
  await readTwins(hub, view, ids, signal);
  const fence = state?.fence ?? 0;
  const input = { plan, intent, state, observed: view.devices, measurements: [], now, fence };
  const context = contextOf(input, state);
  return members.map(({ deviceId, wave }) => standingOf(context, deviceId, wave, view.devices.get(deviceId)));
}

function standingOf(
  context: Context,
  deviceId: string,
  wave: number,
  device: ObservedDevice | undefined,
): DeviceStanding {
  const { state, attempt, blocked, code } = factsOf(context, wave, device);
  const report = device?.report?.value;
  const mark = device?.mark?.rollout === context.id ? device.mark : undefined;
  const isOwn = report !== undefined && report.rollout === context.id && report.attempt === attempt;
  return {
    deviceId,
    wave,
    state,
    attempt,
    version: report?.version,
    digest: report?.digest,
    code: code ?? (isOwn ? (report.code ?? undefined) : undefined),
    message: isOwn ? (report.message ?? undefined) : undefined,
    blocked,
    previous: mark?.previous?.version,
    decidedAt: mark?.decidedAt,
  };
}
