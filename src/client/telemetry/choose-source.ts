import type { Connection } from '../../config/profile.ts';
import { isFailure } from '../../errors/index.ts';
import type { HubLinkDependencies } from '../amqp/hub-link.ts';
import { notServed } from '../extension.ts';
import type { ServiceClient } from '../http/service-client.ts';
import type { TelemetryBatch, TelemetryRequest } from '../service-api.ts';
import { createTelemetrySource } from './source.ts';

/** The cloud tells no more of messages than their feedback. */
const messageEvents = {
  name: 'the way of messages to devices',
  instead: 'send with --ack full and read the outcomes: iotctl tail feedback',
};

/**
 * Telemetry by the hub's own stream where there is one, else by the Event Hubs-compatible endpoint: for hubs in the cloud, and for a
 * hub that offers no extension.
 */
export async function* readTelemetry(
  client: ServiceClient,
  connection: Connection,
  dependencies: HubLinkDependencies,
  request: TelemetryRequest,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  if (connection.kind === 'local') {
    try {
      yield* createTelemetrySource(client).read(request);
      return;
    } catch (error) {
      // Nothing has been read: the stream itself is not there.
      if (!isFailure(error, 'unsupported')) throw error;
    }
  }
  if (request.sources?.includes('deviceMessageEvents') === true) throw notServed(connection.hostName, messageEvents);
  const { createEventHubSource } = await import('../event-hubs/source.ts');
  yield* createEventHubSource(connection, dependencies).read(request);
}
