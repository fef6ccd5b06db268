import { entityNames } from '../protocol/event-hub-names.ts';
import type { RegistryStore } from './core/ports.ts';
import type { AccessPolicy } from './core/services.ts';
import type { HubInfo } from './state.ts';

/** The policy that reads events and may do nothing to devices. */
const readingPolicy = 'service';

/**
 * What a client of Event Hubs needs to read this hub's events: over plain AMQP on this machine where there is a port for it, because
 * that needs no trust in the hub's certificate. Null when no port speaks AMQP. Source: service.md §9.1.
 */
export function eventHubConnectionString(
  { hostName, ports }: Pick<HubInfo, 'hostName' | 'ports'>,
  policies: readonly AccessPolicy[],
): string | null {
  const policy = policies.find(({ name }) => name === readingPolicy);
  const [entity] = entityNames([hostName]);
  if (policy === undefined || entity === undefined) throw new Error(`the policy ${readingPolicy} is missing`);
  const key = `SharedAccessKeyName=${policy.name};SharedAccessKey=${policy.primaryKey};EntityPath=${entity}`;
  if (ports.amqp !== null) return `Endpoint=sb://localhost:${ports.amqp};${key};UseDevelopmentEmulator=true`;
  return ports.amqps === null ? null : `Endpoint=sb://${hostName}:${ports.amqps}/;${key}`;
}

const createdSetting = 'createdTime';

/** When the hub was first started, Unix milliseconds; noted at the first call. */
export async function hubCreatedAt(
  store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>,
  now: number,
): Promise<number> {
  const stored = await store.readSetting(createdSetting);
  if (typeof stored === 'number') return stored;
  await store.writeSetting(createdSetting, now);
  return now;
}
