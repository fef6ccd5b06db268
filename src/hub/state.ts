import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../std/atomic-file.ts';
import { isJsonObject } from '../std/json.ts';
import { isLocked } from './lock.ts';
import type { PortName } from './ports.ts';

/** What others need to know of a running hub; also the content of the ready file. */
export interface HubInfo {
  /** The name devices and SDKs use. */
  readonly hostName: string;
  /** Null for a port that is off. */
  readonly ports: Readonly<Record<PortName, number | null>>;
  /** Of the policy iothubowner. A secret. */
  readonly connectionString: string;
  /** Of the Event Hubs-compatible endpoint, by the policy service; null when no port speaks AMQP. A secret. */
  readonly eventHubConnectionString: string | null;
  /** The provisioning service, which is at the same addresses. Its connection string is a secret. */
  readonly dps: { readonly endpoint: string; readonly idScope: string; readonly connectionString: string };
  /** PEM file of the authority to trust. */
  readonly caFile: string;
  readonly dataDir: string;
  readonly pid: number;
}

/** A running hub as its data directory shows it. */
export interface HubState extends HubInfo {
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The limits it keeps, by their full names; absent in the files of hubs that had none to be chosen. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
}

const fileName = 'hub.json';

/** Written when every listener is up: whoever finds the file can connect. */
export async function writeHubState(state: HubState): Promise<void> {
  await writeFileAtomic(join(state.dataDir, fileName), `${JSON.stringify(state, undefined, 2)}\n`, 0o600);
}

export async function removeHubState(dataDir: string): Promise<void> {
  await rm(join(dataDir, fileName), { force: true });
}

/** The hub that runs on this data directory; undefined when none does, whatever files an earlier one left. */
export async function readHubState(dataDir: string): Promise<HubState | undefined> {
  return isLocked(dataDir) ? readStateFile(dataDir) : undefined;
}

/** The state as last written, without asking whether that hub still runs. */
export async function readStateFile(dataDir: string): Promise<HubState | undefined> {
  try {
    const state: unknown = JSON.parse(await readFile(join(dataDir, fileName), 'utf8'));
    return isJsonObject(state) && typeof state['pid'] === 'number' ? (state as unknown as HubState) : undefined;
  } catch {
    return undefined;
  }
}
