/** One AMQP connection, made of promises: rhea underneath speaks the protocol and never reconnects by itself. */
import type { Duplex } from 'node:stream';
import type {
  Connection as RheaConnection,
  EventContext,
  Receiver,
  ReceiverOptions,
  Sender,
  SenderOptions,
} from 'rhea';
import type { Clock } from '../../std/clock.ts';
import { Failure, isFailure } from '../../errors/index.ts';
import { failureOfNetwork, type NetworkContext } from '../http/network-failure.ts';
import { failureOfCondition, readCondition, type Condition, type ConditionContext } from './condition-failure.ts';

export interface AmqpConnectionOptions {
  readonly socket: Duplex;
  /** Goes into OPEN. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly network: NetworkContext;
  /** SASL PLAIN; no SASL layer when absent. */
  readonly login?: { readonly user: string; readonly password: string } | undefined;
}

/** The peer ended a link. */
export class LinkEnded extends Error {
  override readonly name = 'LinkEnded';
  readonly condition: Condition | undefined;

  constructor(condition: Condition | undefined) {
    super(condition?.description ?? 'the hub ended the link');
    this.condition = condition;
  }
}

export interface AmqpConnection {
  /** Rejects with {@link LinkEnded} when the peer refuses, with a Failure when the connection is lost. */
  openSender(options: SenderOptions): Promise<Sender>;
  openReceiver(options: ReceiverOptions): Promise<Receiver>;
  /** Rejects when the connection is lost before `work` is done. */
  whileOpen<Value>(work: Promise<Value>): Promise<Value>;
  /** Resolves with the reason when the connection is over. */
  readonly lost: Promise<Failure>;
  readonly isOpen: boolean;
  close(): void;
}

const openTimeoutMs = 30_000;
/** Half of what Azure asks; frames without content keep the connection alive. */
const idleTimeoutMs = 120_000;

/** Opens AMQP on a connected socket. Rejects with a Failure; the socket is destroyed then. */
export async function openAmqpConnection(options: AmqpConnectionOptions): Promise<AmqpConnection> {
  const { socket, hostName, clock, network, login } = options;
  const { default: rhea } = await import('rhea');
  const container = rhea.create_container();
  const lost = Promise.withResolvers<Failure>();
  let over: Failure | undefined;
  const end = (failure: Failure): void => {
    over ??= failure;
    lost.resolve(over);
    socket.destroy();
  };
  const connection = container.connect({
    hostname: hostName,
    host: hostName,
    port: 0,
    reconnect: false,
    idle_time_out: idleTimeoutMs,
    ...(login === undefined ? {} : { username: login.user, password: login.password }),
    connection_details: () => ({ host: hostName, port: 0, connect: adopt(socket) }),
  });
  watch(connection, { end, network, action: 'connect', hostName });
  socket.once('close', () => end(failureOfNetwork(new Error('the connection was closed'), network)));
  const cancel = clock.after(openTimeoutMs, () =>
    end(failureOfNetwork(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }), network)),
  );
  const whileOpen = async <Value>(work: Promise<Value>): Promise<Value> => {
    // The work may fail by the same loss, without anybody waiting for it any more.
    work.catch(() => undefined);
    return Promise.race([work, lost.promise.then((failure) => Promise.reject(failure))]);
  };
  try {
    await whileOpen(new Promise<void>((resolve) => connection.once('connection_open', () => resolve())));
  } finally {
    cancel();
  }
  const opened = <Link extends Sender | Receiver>(link: Link, kind: 'sender' | 'receiver'): Promise<Link> =>
    whileOpen(untilOpen(link, kind));
  return {
    openSender: (request) => opened(connection.open_sender(request), 'sender'),
    openReceiver: (request) => opened(connection.open_receiver(request), 'receiver'),
    whileOpen,
    lost: lost.promise,
    get isOpen() {
      return over === undefined;
    },
    close() {
      over ??= new Failure('hub-unreachable', 'the connection was closed');
      if (!connection.is_closed()) connection.close();
      lost.resolve(over);
      // A peer that answers closes the socket; one that does not must not keep it.
      socket.end();
    },
  };
}

/** rhea would connect itself; it is given the socket that is there. */
function adopt(socket: Duplex): (port: number, host: string, options: unknown, connected: () => void) => Duplex {
  return (_port, _host, _options, connected) => {
    queueMicrotask(connected);
    return socket;
  };
}

/** Whatever ends the connection or speaks of an error without a link has one consequence. */
function watch(
  connection: RheaConnection,
  { end, network, ...context }: { end: (failure: Failure) => void; network: NetworkContext } & ConditionContext,
): void {
  const failed = (error: unknown): void => {
    const condition = readCondition(error);
    if (condition === undefined) end(isFailure(error) ? error : failureOfNetwork(error, network));
    else end(failureOfCondition(condition, context));
  };
  for (const event of ['error', 'protocol_error']) connection.on(event, (error: unknown) => failed(error));
  // A login that is refused has no close of its own, so the error of the event counts.
  connection.on('connection_error', ({ error }: EventContext) => failed(error ?? connection.error));
  connection.on('connection_close', () => failed(connection.error ?? new Error('the hub closed the connection')));
  connection.on('disconnected', ({ error }: EventContext) => failed(error ?? new Error('the connection was lost')));
  connection.on('session_error', ({ session }: EventContext) => failed(session?.error));
  connection.on('session_close', ({ session }: EventContext) =>
    failed(session?.error ?? new Error('the session was ended')),
  );
  // A link has its own listeners; these keep rhea from throwing when it has none any more.
  for (const event of ['sender_error', 'receiver_error']) connection.on(event, () => undefined);
}

/** Settles when the peer has attached, or detached: a refusal is an attach and then a detach in the same breath. */
function untilOpen<Link extends Sender | Receiver>(link: Link, kind: 'sender' | 'receiver'): Promise<Link> {
  return new Promise((resolve, reject) => {
    link.once(`${kind}_open`, () => setImmediate(() => resolve(link)));
    link.once(`${kind}_close`, () => reject(new LinkEnded(readCondition(link.error))));
  });
}
