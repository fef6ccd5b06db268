import { unlink } from 'node:fs/promises';
import type { ProfileStore } from '../../config/index.ts';
import { toFailure, type Failure } from '../../errors/index.ts';
import { readHubState, startHub, type HubInfo, type HubOptions, type PortFallback } from '../../hub/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import { hostRollouts, type RolloutHosting } from './host-rollouts.ts';
import { keepLocalProfile, type LocalProfile } from './local-profile.ts';

interface RunHubRequest {
  readonly options: HubOptions;
  /** Written when every listener is up, removed at the end. */
  readonly readyFile?: string | undefined;
  /** Where the profile `local` is kept; none for a hub that leaves no traces. */
  readonly profiles?: ProfileStore | undefined;
  /** Given, the hub drives its rollouts. A hub that imitates one in the cloud drives none, as those do. */
  readonly controller?: RolloutHosting | undefined;
}

/** A hub that is up, with its profile. */
interface HubRun {
  readonly info: HubInfo;
  readonly fallbacks: readonly PortFallback[];
  readonly profile: LocalProfile | undefined;
  /** Why the profile could not be kept; the hub runs all the same. */
  readonly profileFailure: Failure | undefined;
  /** Stops it and resolves when everything acknowledged is on disk. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a hub in this process. Failures: hub-running, port-taken, permission-denied, disk-full, io. */
export async function runHub({ options, readyFile, profiles, controller }: RunHubRequest): Promise<HubRun> {
  // Whoever waits for the file must not find the one of an earlier run; that of a hub that runs is its own.
  const isFree = options.ephemeral === true || (await readHubState(options.dataDir)) === undefined;
  if (readyFile !== undefined && isFree) await removeFile(readyFile);
  const hub = await startHub(options);
  const { clock, log } = options;
  const hosted =
    controller === undefined || options.imitation !== undefined
      ? undefined
      : hostRollouts({ ...controller, hub, clock, log });
  const stop = async (): Promise<void> => {
    if (readyFile !== undefined) await removeFile(readyFile).catch(() => undefined);
    // While the hub still answers, the leases can be given back.
    await hosted?.();
    await hub.close();
  };
  try {
    const kept = await keepProfile(profiles, hub.info);
    if (readyFile !== undefined)
      await writeFileAtomic(readyFile, `${JSON.stringify(readiness(hub.info, hub.fallbacks), undefined, 2)}\n`, 0o600);
    return { info: hub.info, fallbacks: hub.fallbacks, ...kept, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Removes a file that may not be there. */
async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

async function keepProfile(
  profiles: ProfileStore | undefined,
  info: HubInfo,
): Promise<Pick<HubRun, 'profile' | 'profileFailure'>> {
  try {
    const profile = profiles === undefined ? undefined : await keepLocalProfile(profiles, info);
    return { profile, profileFailure: undefined };
  } catch (error) {
    return { profile: undefined, profileFailure: toFailure(error) };
  }
}

/** What the ready file holds. */
export interface HubReadiness extends HubInfo {
  /** Default ports that could not be had, with what is taken instead. */
  readonly replacedPorts: readonly PortFallback[];
}

function readiness(info: HubInfo, replacedPorts: readonly PortFallback[]): HubReadiness {
  const { hostName, ports, connectionString, eventHubConnectionString, dps, caFile, dataDir, pid } = info;
  return { hostName, ports, connectionString, eventHubConnectionString, dps, caFile, dataDir, pid, replacedPorts };
}
