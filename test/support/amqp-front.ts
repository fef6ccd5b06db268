/** The AMQP front over real stores in memory, with peers on stream pairs: rhea as the other side, or bare bytes. */
import { duplexPair, type Duplex } from 'node:stream';
import rhea, { type Connection, type ConnectionOptions, type EventContext, type Message, type Sender } from 'rhea';
import { createAmqpFront, type AmqpFront } from '../../src/hub/amqp/index.ts';
import type { AmqpPeer } from '../../src/hub/amqp/front.ts';
import type { AmqpLimits } from '../../src/hub/amqp/limits.ts';
import type { TelemetryLog } from '../../src/hub/core/ports.ts';
import { silentLog } from '../../src/hub/log.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { openCore, type CoreFixture } from './core-fixture.ts';

export interface AmqpBench extends CoreFixture {
  readonly front: AmqpFront;
  /** Fields of what was logged. */
  readonly logged: object[];
  /** A stream that the front serves. */
  stream(peer?: Partial<AmqpPeer>): Duplex;
  /** A connection of rhea; without a SASL layer unless `options` ask for one. */
  connect(
    options?: Partial<ConnectionOptions>,
    peer?: Partial<AmqpPeer>,
    /** Changes the stream before rhea gets it. */
    wrap?: (stream: Duplex) => Duplex,
  ): Connection;
  /** Creates the device if there is none; answers its own token. */
  device(deviceId: string): Promise<string>;
  /** Creates a module; answers its own token. */
  module(deviceId: string, moduleId: string): Promise<string>;
}

export async function openAmqpBench(
  limits: Partial<AmqpLimits> = {},
  /** Stands in for the log. */
  log?: TelemetryLog,
): Promise<AmqpBench> {
  const fixture = await openCore({ withLog: true });
  const { core, clock } = fixture;
  await core.ready;
  const logged: object[] = [];
  const note = (fields: object): void => void logged.push(fields);
  const eventHubs = { hostNames: ['localhost'], consumerGroups: [], createdAt: 0, amqpsPort: () => undefined };
  const hubLog = { ...silentLog, error: note, warn: note };
  const served = log === undefined ? core : { ...core, telemetry: log };
  const front = createAmqpFront({ core: served, clock, log: hubLog, eventHubs, limits });
  const stream = (peer: Partial<AmqpPeer> = {}): Duplex => {
    const [ours, theirs] = duplexPair();
    front.accept(ours, { remote: 'test', secure: true, ...peer });
    return theirs;
  };
  const token = (resource: string, key: string | null | undefined): string =>
    createSasToken({ resource, key: key ?? '', expiresAt: clock.now() / 1_000 + 3_600 });
  return {
    ...fixture,
    front,
    logged,
    stream,
    connect(options?: Partial<ConnectionOptions>, peer?: Partial<AmqpPeer>, wrap = (bare: Duplex) => bare) {
      const connection = rhea.create_container().create_connection({
        ...options,
        hostname: 'localhost',
        reconnect: false,
        connection_details: (() => ({
          connect: (_port: number, _host: string, _options: object, connected: () => void) => {
            setImmediate(connected);
            return wrap(stream(peer));
          },
        })) as never,
      } as ConnectionOptions);
      for (const name of [
        'disconnected',
        'connection_close',
        'connection_error',
        'error',
        'session_error',
        'session_close',
      ])
        connection.on(name, () => undefined);
      return connection.connect();
    },
    async device(deviceId) {
      const { authentication } = await core.registry
        .get(deviceId)
        .catch(() => core.registry.put(deviceId, { deviceId }, undefined));
      return token(`localhost/devices/${deviceId}`, authentication.symmetricKey.primaryKey);
    },
    async module(deviceId, moduleId) {
      const path = `${deviceId}/${moduleId}`;
      const { authentication } = await core.registry.modules.put(path, { deviceId, moduleId }, undefined);
      return token(`localhost/devices/${deviceId}/modules/${moduleId}`, authentication.symmetricKey.primaryKey);
    },
    async close() {
      const closing = front.close();
      // Peers that do not close their end of a stream pair are cut by the clock.
      await clock.advance(5_000);
      await closing;
      await fixture.close();
    },
  };
}

type Emitter = { once(name: string, listener: (context: EventContext) => void): unknown };

/** The next event of this name. */
export function event(emitter: Emitter, name: string): Promise<EventContext> {
  return new Promise((resolve) => emitter.once(name, resolve));
}

export interface CbsAnswer {
  readonly status: unknown;
  readonly description: unknown;
  readonly correlationId: unknown;
}

/** Puts a token on `$cbs`, as the SDKs do, on links of its own. */
export async function putToken(
  connection: Connection,
  token: string,
  id: Message['message_id'] = 'id-1',
): Promise<CbsAnswer> {
  const receiver = connection.open_receiver({ source: '$cbs', target: 'cbs' });
  const sender = connection.open_sender('$cbs');
  await event(sender, 'sendable');
  const answer = event(receiver, 'message');
  sender.send({
    to: '$cbs',
    reply_to: 'cbs',
    message_id: id as string,
    application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: 'localhost' },
    body: token,
  });
  const { message } = await answer;
  receiver.close();
  sender.close();
  return {
    status: message?.application_properties?.['status-code'],
    description: message?.application_properties?.['status-description'],
    correlationId: message?.correlation_id,
  };
}

/** Sends and resolves with the outcome's name and, when it was rejected, its condition. */
export async function sendAndSettle(
  sender: Sender,
  message: Message | Buffer,
  format?: number,
): Promise<{ outcome: string; condition?: string | undefined }> {
  if (!sender.sendable()) await event(sender, 'sendable');
  const delivery = format === undefined ? sender.send(message) : sender.send(message, undefined, format);
  return new Promise((resolve) => {
    for (const outcome of ['accepted', 'rejected', 'released']) {
      sender.on(outcome, (context: EventContext) => {
        if (context.delivery?.id !== delivery.id) return;
        const { error } = context.delivery.remote_state as { error?: { condition: string } };
        resolve({ outcome, ...(error && { condition: error.condition }) });
      });
    }
  });
}
