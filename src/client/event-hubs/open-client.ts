import { readFile } from 'node:fs/promises';
import type { EventHubConsumerClient, EventHubConsumerClientOptions } from '@azure/event-hubs';
import type { Connection } from '../../config/profile.ts';
import { Failure } from '../../errors/index.ts';
import { chooseAmqpRoute } from '../amqp-route.ts';
import { amqpEndpointOf } from '../amqp/endpoint.ts';
import type { HubLinkDependencies } from '../amqp/hub-link.ts';
import { proxyAgent } from '../proxy.ts';
import type { EventHubEndpoint } from './endpoint.ts';

const defaultGroup = '$Default';
/** Tries on top of the stream's own; long enough for a hub that restarts, short enough for a wrong key. */
const retryOptions = { maxRetries: 2, retryDelayInMs: 1_000, maxRetryDelayInMs: 4_000, timeoutInMs: 30_000, mode: 0 };
/** What the server of the endpoint offers over HTTPS when nothing says otherwise. */
const webSocketPort = 443;

export interface ConsumerOptions {
  readonly connection: Connection;
  readonly dependencies: HubLinkDependencies;
  /** That of the profile, or `$Default`, when absent. */
  readonly consumerGroup?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A client for the endpoint, over what the network and the profile allow. Nothing is connected yet. */
export async function openConsumer(
  endpoint: EventHubEndpoint,
  { connection, dependencies, consumerGroup, signal }: ConsumerOptions,
): Promise<EventHubConsumerClient> {
  const { EventHubConsumerClient: Client } = await import('@azure/event-hubs');
  const group = consumerGroup ?? connection.consumerGroup ?? defaultGroup;
  const hub = amqpEndpointOf(connection);
  // The hub's own machine may know it by another name or port than the hub itself does.
  const own = endpoint.host.toLowerCase() === hub.hostName;
  const at = { host: own ? hub.host : endpoint.host, port: endpoint.port };
  if (!hub.secure)
    return new Client(group, connectionString(endpoint, at, ';UseDevelopmentEmulator=true'), { retryOptions });
  const route =
    connection.caFile !== undefined
      ? 'websocket'
      : await chooseAmqpRoute({ ...at, mode: connection.amqpWebSockets, clock: dependencies.clock, signal });
  if (route === 'tcp') return new Client(group, connectionString(endpoint, at), { retryOptions });
  const service = new URL(hub.webSocketOrigin.replace(/^ws/, 'http'));
  const port = own ? Number(service.port === '' ? webSocketPort : service.port) : webSocketPort;
  const target = { host: own ? service.hostname : endpoint.host, port };
  return new Client(group, connectionString(endpoint, target), {
    retryOptions,
    webSocketOptions: await webSocketOptions(target, connection, dependencies),
  });
}

/** The package takes an authority of one's own over WebSockets alone. */
async function webSocketOptions(
  { host, port }: { readonly host: string; readonly port: number },
  { caFile }: Connection,
  { env }: HubLinkDependencies,
): Promise<NonNullable<EventHubConsumerClientOptions['webSocketOptions']>> {
  const { WebSocket } = await import('ws');
  const ca = caFile === undefined ? undefined : await readCa(caFile);
  const agent =
    env === undefined
      ? undefined
      : await proxyAgent(new URL(`wss://${host}:${port}`), env, ca === undefined ? {} : { ca });
  return {
    webSocket: WebSocket,
    webSocketConstructorOptions: { ...(ca === undefined ? {} : { ca }), ...(agent === undefined ? {} : { agent }) },
  };
}

function connectionString(
  { entityPath, sharedAccessKeyName, sharedAccessKey }: EventHubEndpoint,
  { host, port }: { readonly host: string; readonly port: number },
  more = '',
): string {
  return `Endpoint=sb://${host}:${port}/;SharedAccessKeyName=${sharedAccessKeyName};SharedAccessKey=${sharedAccessKey};EntityPath=${entityPath}${more}`;
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Failure('invalid-config', `cannot read the CA file of this profile, ${path}`, { cause: error });
  }
}
