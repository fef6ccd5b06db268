import { readDeviceCounts, readHubStatus } from '../../client/index.ts';
import { isFailure } from '../../errors/index.ts';
import type { HubState } from '../../hub/index.ts';
import type { HubStatus } from '../../protocol/hub-status.ts';
import { connectionOfHub } from './connection.ts';

/** How a hub of this machine is. */
export type LocalHubStatus = Omit<HubStatus, 'telemetry'> & {
  /** Null for a hub that imitates one in the cloud: that tells nobody what it keeps. */
  readonly telemetry: HubStatus['telemetry'] | null;
};

type Dependencies = Parameters<typeof readHubStatus>[1];

/** Asks the hub, and takes from its data directory and from what every hub serves what one that imitates the cloud does not tell. */
export async function readLocalStatus(
  hub: HubState,
  dependencies: Dependencies,
  signal?: AbortSignal,
): Promise<LocalHubStatus> {
  const connection = connectionOfHub(hub);
  try {
    return await readHubStatus(connection, dependencies, signal);
  } catch (error) {
    if (!isFailure(error, 'unsupported')) throw error;
    const { version, startedAt } = hub;
    const uptimeSeconds = Math.max(0, Math.floor((dependencies.clock.now() - Date.parse(startedAt)) / 1_000));
    const devices = await readDeviceCounts(connection, dependencies, signal);
    return { version, startedAt, uptimeSeconds, devices, telemetry: null };
  }
}
