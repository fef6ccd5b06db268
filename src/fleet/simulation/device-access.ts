import { Failure } from '../../errors/index.ts';
import { parseEndpoint, type DeviceCredentials, type DeviceEndpoint } from '../../device/index.ts';
import { parseConnectionString } from '../../protocol/connection-string.ts';
import { readGivenText } from '../../std/given-file.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { namedRows, provisionDevices, type ProvisionSummary } from '../provisioning/index.ts';

/** Where devices of a hub connect: the parts of a connection that say so. */
export interface DeviceAddress {
  readonly hostName: string;
  /** `mqtts://host:port`, or `mqtt://…` for plain text; port 8883 of the host when absent. */
  readonly deviceUrl?: string;
  /** PEM file of the CA to trust. */
  readonly caFile?: string;
}

/** Reads the CA and the address. Failures: `file-not-found`, `permission-denied`, `invalid-value`. */
export async function deviceEndpoint(address: DeviceAddress): Promise<DeviceEndpoint> {
  const ca = address.caFile === undefined ? undefined : await readGivenText(address.caFile);
  return parseEndpoint(address.deviceUrl ?? `mqtts://${bareHost(address.hostName)}`, ca);
}

/** A host name may carry the port of the service API, which is not the devices' one. */
export function bareHost(hostName: string): string {
  return hostName.replace(/:\d+$/, '');
}

export type AccessHub = Pick<Hub, 'devices' | 'queries' | 'hostName' | 'deviceHostName'>;

export interface AccessRequest {
  readonly deviceIds: readonly string[];
  /** For devices that are made now; devices that exist get them merged in. */
  readonly tags?: JsonObject;
  readonly onReady?: (summary: ProvisionSummary) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes the devices that are missing and fetches the keys of all. Failures: those of the hub, `unsupported` for a device
 * without a symmetric key, `refused` when the hub does not make one.
 */
export async function deviceCredentials(hub: AccessHub, request: AccessRequest): Promise<readonly DeviceCredentials[]> {
  const rows = namedRows(request.deviceIds, request.tags === undefined ? {} : { tags: request.tags });
  const summary: ProvisionSummary = { created: 0, updated: 0, unchanged: 0, failed: 0 };
  const found: DeviceCredentials[] = [];
  for await (const result of provisionDevices(hub, rows, { connectionStrings: true, signal: request.signal })) {
    if (result.outcome === 'failed') {
      throw new Failure(
        result.code ?? 'refused',
        `cannot provision ${result.deviceId}: ${result.reason ?? 'no reason given'}`,
      );
    }
    summary[result.outcome]++;
    request.onReady?.(summary);
    if (result.connectionString === undefined) {
      throw new Failure('unsupported', `${result.deviceId} exists but has no symmetric key`);
    }
    const { sharedAccessKey } = parseConnectionString(result.connectionString);
    if (sharedAccessKey !== undefined)
      found.push({ hostName: bareHost(hub.hostName), deviceId: result.deviceId, sharedAccessKey });
  }
  return found;
}
