/** Where the events of a hub are read: the hub itself tells, by a redirect. Source: service.md §9.1. */
import type { Receiver } from 'rhea';
import type { Connection } from '../../config/profile.ts';
import { Failure } from '../../errors/index.ts';
import { createSasToken } from '../../protocol/sas-token.ts';
import { sleep } from '../../std/clock.ts';
import { LinkEnded, type AmqpConnection } from '../amqp/amqp-connection.ts';
import { readCondition, type Condition } from '../amqp/condition-failure.ts';
import { createHubLink, type HubLinkDependencies } from '../amqp/hub-link.ts';

/** An Event Hubs-compatible endpoint and who reads it. */
export interface EventHubEndpoint {
  readonly host: string;
  readonly port: number;
  readonly entityPath: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
}

const tokenLifeMs = 600_000;
const patienceMs = 30_000;
const standardPort = 5671;
const path = 'messages/events';

/**
 * Asks the hub for its endpoint. Failures: not-authorised, hub-unreachable, tls-untrusted; `unsupported` for a profile that signs in
 * with Entra ID and has no connection string of the endpoint, because the endpoint takes keys alone.
 */
export async function findEndpoint(
  connection: Connection,
  dependencies: HubLinkDependencies,
  signal?: AbortSignal,
): Promise<EventHubEndpoint> {
  if (connection.auth === 'entra') return givenEndpoint(connection);
  const { sharedAccessKeyName, sharedAccessKey } = connection;
  const link = createHubLink(connection, dependencies);
  const { hostName } = link.endpoint;
  const password = createSasToken({
    resource: `${hostName}/${path}`,
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt: Math.floor((dependencies.clock.now() + tokenLifeMs) / 1_000),
  });
  const user = `${sharedAccessKeyName}@sas.root.${hostName.split('.', 1)[0] ?? hostName}`;
  const opened = await link.connectPlain({ user, password }, signal);
  try {
    const patience = new AbortController();
    const condition = await Promise.race([
      redirection(opened, `amqps://${hostName}/${path}/$management`),
      sleep(dependencies.clock, patienceMs, patience.signal),
    ]).finally(() => patience.abort());
    if (condition?.condition !== 'amqp:link:redirect') throw new LinkEnded(condition ?? undefined);
    return { ...readRedirect(condition, connection.hostName), sharedAccessKeyName, sharedAccessKey };
  } catch (error) {
    signal?.throwIfAborted();
    throw link.failureOf(error, { action: 'read telemetry' });
  } finally {
    opened.close();
  }
}

/** The reason with which the hub ends a receiver of its events. */
async function redirection(connection: AmqpConnection, address: string): Promise<Condition | undefined> {
  let receiver: Receiver;
  try {
    receiver = await connection.openReceiver({ source: { address }, credit_window: 0 });
  } catch (error) {
    if (error instanceof LinkEnded) return error.condition;
    throw error;
  }
  const ended = new Promise<void>((resolve) => receiver.once('receiver_close', () => resolve()));
  await connection.whileOpen(ended);
  return readCondition(receiver.error);
}

function readRedirect({ info }: Condition, hub: string): Pick<EventHubEndpoint, 'host' | 'port' | 'entityPath'> {
  const host = textOf(info['hostname']) ?? textOf(info['network-host']);
  const address = textOf(info['address']) ?? '';
  const [, port, entityPath] = /^amqps?:\/\/[^/]*?(?::(\d+))?\/(.+?)(?:\/\$management)?$/i.exec(address) ?? [];
  if (host === undefined || entityPath === undefined)
    throw new Failure('hub-failed', `${hub} does not say where its telemetry is read`, { details: { address } });
  return { host, port: Number(info['port'] ?? port ?? standardPort), entityPath };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function givenEndpoint(connection: Extract<Connection, { auth: 'entra' }>): EventHubEndpoint {
  const text = connection.eventHubConnectionString;
  if (text === undefined) {
    throw new Failure(
      'unsupported',
      `the telemetry of ${connection.hostName} cannot be read with Entra ID: its endpoint takes keys alone`,
      {
        hint: `add --event-hub-connection-string-file FILE: iotctl profile add ${connection.name} --entra --replace …`,
      },
    );
  }
  const parts = new Map(
    text.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
    }),
  );
  const [, host, port] = /^sb:\/\/([^/:]+)(?::(\d+))?\/?$/i.exec(parts.get('Endpoint') ?? '') ?? [];
  const [entityPath, sharedAccessKeyName, sharedAccessKey] = [
    'EntityPath',
    'SharedAccessKeyName',
    'SharedAccessKey',
  ].map((name) => parts.get(name));
  if (!host || !entityPath || !sharedAccessKeyName || !sharedAccessKey) {
    throw new Failure(
      'invalid-connection-string',
      `the connection string of the endpoint of ${connection.name} lacks Endpoint, EntityPath, SharedAccessKeyName or SharedAccessKey`,
    );
  }
  return { host, port: Number(port ?? standardPort), entityPath, sharedAccessKeyName, sharedAccessKey };
}
