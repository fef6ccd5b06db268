import type { Connection } from '../config/profile.ts';
import { createArtifactStore } from './artifacts.ts';
import { createCertificateStore } from './certificates.ts';
import { createConfigurationStore } from './configurations.ts';
import { createCloudStores } from './cloud-stores.ts';
import { createDeviceRegistry } from './devices.ts';
import { createContainerStore } from './containers.ts';
import { paceChannel } from './amqp/paced-channel.ts';
import { openChannelWhenUsed } from './amqp/when-used.ts';
import { createAuthorizer } from './authorization.ts';
import { createPace } from './http/pace.ts';
import { createServiceClient, type ClientDependencies } from './http/service-client.ts';
import { createAuditReader } from './audit.ts';
import { createFaultStore } from './faults.ts';
import { createIdentityReader } from './identities.ts';
import { createJobStore } from './jobs.ts';
import { createMessageQueues } from './messages.ts';
import { createMethodInvoker } from './methods.ts';
import { createModuleRegistry } from './modules.ts';
import { createQueryRunner } from './queries.ts';
import { createRecordStore } from './records.ts';
import type { Hub, TelemetryBatch } from './service-api.ts';
import type * as ChooseSource from './telemetry/choose-source.ts';
import { createTwinStore } from './twins.ts';

/**
 * A hub by its REST API, in the cloud or iotctl's own. Nothing is connected before the first request; `close` ends idle connections.
 * Failures: those of {@link Hub}, and `invalid-config` for a service URL or CA file that cannot be used.
 */
export function connectHub(connection: Connection, given: ClientDependencies): Hub {
  const pace = createPace(connection, given);
  const dependencies = { ...given, pace, authorizer: createAuthorizer(connection, given) };
  const client = createServiceClient(connection, dependencies);
  const devices = createDeviceRegistry(client);
  const modules = createModuleRegistry(client);
  const twins = createTwinStore(client);
  const queries = createQueryRunner(client);
  const channel = paceChannel(openChannelWhenUsed(connection, dependencies), dependencies);
  return {
    hostName: connection.hostName,
    deviceHostName: deviceHostOf(connection),
    devices,
    modules,
    identities: createIdentityReader(client, { devices, modules }),
    certificates: createCertificateStore(client),
    containers: createContainerStore(client),
    twins,
    queries,
    jobs: createJobStore(client, queries),
    configurations: createConfigurationStore(client),
    faults: createFaultStore(client),
    audit: createAuditReader(client),
    ...(connection.kind === 'cloud'
      ? createCloudStores(connection, given)
      : { records: createRecordStore(client), artifacts: createArtifactStore(client) }),
    methods: createMethodInvoker(client, twins),
    messages: createMessageQueues(client),
    telemetry: { read: (request) => readTelemetry(client, connection, dependencies, request) },
    channel,
    clockOffsetMs: () => client.clockOffsetMs(),
    async close() {
      client.close();
      await channel.close();
    },
  };
}

/** Most commands read no telemetry, so its code is loaded by the first that does. */
async function* readTelemetry(
  ...reading: Parameters<typeof ChooseSource.readTelemetry>
): AsyncGenerator<TelemetryBatch, void, undefined> {
  yield* (await import('./telemetry/choose-source.ts')).readTelemetry(...reading);
}

/** Port of MQTT over TLS; SDKs take it for granted. */
const standardPort = '8883';

/** The host as a device's connection string names it: with the port where the hub listens on another than the standard one. */
function deviceHostOf({ hostName, deviceUrl }: Connection): string {
  if (deviceUrl === undefined || hostName.includes(':') || !URL.canParse(deviceUrl)) return hostName;
  const { protocol, port } = new URL(deviceUrl);
  return protocol === 'mqtts:' && port !== '' && port !== standardPort ? `${hostName}:${port}` : hostName;
}
