import type { Connection } from '../config/profile.ts';
import { hubStatusPath, type HubStatus } from '../protocol/hub-status.ts';
import { isJsonObject } from '../std/json.ts';
import { parseAnswer } from './http/answer.ts';
import { createServiceClient, type ClientDependencies } from './http/service-client.ts';

/** Asks a hub of iotctl how it is. Failures: hub-unreachable, not-authorised, tls-untrusted. */
export async function readHubStatus(
  connection: Connection,
  dependencies: ClientDependencies,
  signal?: AbortSignal,
): Promise<HubStatus> {
  const client = createServiceClient(connection, dependencies);
  try {
    const answer = await client.request({
      method: 'GET',
      path: hubStatusPath,
      action: 'read the status of the hub',
      extension: { name: 'a status', instead: 'iotctl doctor' },
      signal,
    });
    return parseAnswer(answer, isHubStatus, 'status');
  } finally {
    client.close();
  }
}

/** How many devices a hub has, which one in the cloud tells too. Source: service.md §2.1. Failures: as of {@link readHubStatus}. */
export async function readDeviceCounts(
  connection: Connection,
  dependencies: ClientDependencies,
  signal?: AbortSignal,
): Promise<HubStatus['devices']> {
  const client = createServiceClient(connection, dependencies);
  const read = (path: string) => client.request({ method: 'GET', path, action: 'count the devices', signal });
  try {
    const [all, service] = await Promise.all([read('/statistics/devices'), read('/statistics/service')]);
    const { totalDeviceCount: total, enabledDeviceCount: enabled } = parseAnswer(
      all,
      isDeviceCounts,
      'count of devices',
    );
    const { connectedDeviceCount: connected } = parseAnswer(service, isConnectedCount, 'count of connections');
    return { total, enabled, connected };
  } finally {
    client.close();
  }
}

function isDeviceCounts(value: object): value is { totalDeviceCount: number; enabledDeviceCount: number } {
  return (
    'totalDeviceCount' in value &&
    typeof value.totalDeviceCount === 'number' &&
    'enabledDeviceCount' in value &&
    typeof value.enabledDeviceCount === 'number'
  );
}

function isConnectedCount(value: object): value is { connectedDeviceCount: number } {
  return 'connectedDeviceCount' in value && typeof value.connectedDeviceCount === 'number';
}

function isHubStatus(value: object): value is HubStatus {
  return 'devices' in value && isJsonObject(value.devices) && 'telemetry' in value && isJsonObject(value.telemetry);
}
