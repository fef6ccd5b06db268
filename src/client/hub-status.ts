import type { Connection } from '../config/profile.ts';
import { isJsonObject } from '../std/json.ts';
import { parseAnswer } from './http/answer.ts';
import { createServiceClient, type ClientDependencies } from './http/service-client.ts';

/** What a running hub of iotctl says about itself (`GET /iotctl/status`). Times are ISO 8601, null when nothing is stored. */
export interface HubStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly devices: { readonly total: number; readonly enabled: number; readonly connected: number };
  readonly telemetry: {
    readonly messages: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
  };
}

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
      path: '/iotctl/status',
      action: 'read the status of the hub',
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
