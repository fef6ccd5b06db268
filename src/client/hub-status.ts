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

function isHubStatus(value: object): value is HubStatus {
  return 'devices' in value && isJsonObject(value.devices) && 'telemetry' in value && isJsonObject(value.telemetry);
}
