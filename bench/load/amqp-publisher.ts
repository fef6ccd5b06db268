/**
 * Sends telemetry over plain AMQP as fast as it is accepted, from many connections, and says how long it took. Reads an
 * {@link AmqpPlan} as JSON from standard input and writes a PublisherReport to standard output.
 */
import { text } from 'node:stream/consumers';
import rhea, { type Connection, type EventContext, type Sender } from 'rhea';
import { makeBodies } from './bodies.ts';
import type { PublisherReport } from './publisher.ts';

export interface AmqpPlan {
  readonly port: number;
  readonly hostName: string;
  readonly connections: readonly { readonly address: string; readonly audience: string; readonly token: string }[];
  /** Over all connections. */
  readonly messages: number;
  readonly bodyBytes: number;
  /** Messages each connection may have that are not accepted yet; the hub's credit may be less. */
  readonly window: number;
}

const plan = JSON.parse(await text(process.stdin)) as AmqpPlan;
const bodies = encodeBodies();
const senders = await Promise.all(plan.connections.map(openSender));
const cpuBefore = process.cpuUsage();
const begin = performance.now();
await Promise.all(senders.map((sender, index) => send(sender, share(index))));
const ms = performance.now() - begin;
const { user, system } = process.cpuUsage(cpuBefore);
const report: PublisherReport = { messages: plan.messages, ms, cpuMs: (user + system) / 1_000 };
process.stdout.write(JSON.stringify(report), () => process.exit());

function share(index: number): number {
  const count = plan.connections.length;
  return Math.floor(plan.messages / count) + (index < plan.messages % count ? 1 : 0);
}

async function openSender({ address, audience, token }: AmqpPlan['connections'][number]): Promise<Sender> {
  const connection = rhea.create_container().connect({
    host: '127.0.0.1',
    port: plan.port,
    hostname: plan.hostName,
    reconnect: false,
  });
  await new Promise<void>((resolve, reject) => {
    connection.once('connection_open', () => resolve());
    connection.once('disconnected', () => reject(new Error('the hub refused the connection')));
  });
  await putToken(connection, audience, token);
  const sender = connection.open_sender({ target: { address } });
  await new Promise<void>((resolve, reject) => {
    sender.once('sendable', () => resolve());
    sender.once('sender_error', () => reject(new Error(`no link to ${address}`)));
  });
  return sender;
}

function putToken(connection: Connection, audience: string, token: string): Promise<void> {
  const receiver = connection.open_receiver({ source: { address: '$cbs' } });
  const sender = connection.open_sender({ target: { address: '$cbs' } });
  return new Promise((resolve, reject) => {
    receiver.once('message', ({ message }: EventContext) => {
      const status = Number(
        (message?.['application_properties'] as Record<string, unknown> | undefined)?.['status-code'],
      );
      if (status === 200) resolve();
      else reject(new Error(`the token was answered with ${status}`));
    });
    sender.once('sendable', () => {
      sender.send({
        to: '$cbs',
        reply_to: 'cbs',
        message_id: '1',
        application_properties: {
          operation: 'put-token',
          type: 'servicebus.windows.net:sastoken',
          name: audience,
        },
        body: token,
      });
    });
  });
}

/** Keeps the window full until every message is accepted. */
function send(sender: Sender, messages: number): Promise<void> {
  let sent = 0;
  let accepted = 0;
  return new Promise((resolve, reject) => {
    const fill = (): void => {
      while (sent < messages && sent - accepted < plan.window && sender.sendable())
        sender.send(bodies[sent++ % bodies.length] ?? Buffer.alloc(0), undefined, 0);
    };
    sender.on('accepted', () => {
      accepted++;
      if (accepted === messages) resolve();
      else fill();
    });
    for (const event of ['rejected', 'released', 'modified', 'sender_close'])
      sender.on(event, () => reject(new Error(`a message was answered with ${event}`)));
    sender.on('sendable', fill);
    fill();
  });
}

function encodeBodies(): Buffer[] {
  return makeBodies(plan.bodyBytes).map((body) =>
    rhea.message.encode({
      content_type: 'application/json',
      content_encoding: 'utf-8',
      body: rhea.message.data_section(body) as unknown,
    }),
  );
}
