/**
 * Publishes at QoS 1 over plain MQTT as fast as it is acknowledged, from many connections, and says how long it took.
 * Reads a {@link PublisherPlan} as JSON from standard input and writes a {@link PublisherReport} to standard output.
 */
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import mqttPacket from 'mqtt-packet';
import { makeBodies } from './bodies.ts';
import { connectMqtt, type MqttIdentity } from './mqtt-connect.ts';

export interface PublisherPlan {
  readonly port: number;
  readonly connections: readonly (MqttIdentity & { readonly topic: string })[];
  /** Over all connections; without a limit when `seconds` ends it. */
  readonly messages?: number;
  /** Stops to send after so long, and then waits for the acknowledgements of what was sent. */
  readonly seconds?: number;
  readonly bodyBytes: number;
  /** Unacknowledged messages each connection may have. */
  readonly window: number;
}

export interface PublisherReport {
  /** That were acknowledged. */
  readonly messages: number;
  /** From the first publish to the last acknowledgement; connecting is not counted. */
  readonly ms: number;
  /** Processor time of this process meanwhile: close to `ms`, it could not have sent faster. */
  readonly cpuMs: number;
}

const acknowledgementBytes = 4;

const plan = JSON.parse(await text(process.stdin)) as PublisherPlan;
const bodies = makeBodies(plan.bodyBytes);
const clients = await Promise.all(plan.connections.map((identity) => connectMqtt(plan, identity)));
const cpuBefore = process.cpuUsage();
const begin = performance.now();
const deadline = plan.seconds === undefined ? Number.POSITIVE_INFINITY : begin + plan.seconds * 1_000;
const counts = await Promise.all(clients.map((client, index) => publish(client, index)));
const ms = performance.now() - begin;
const { user, system } = process.cpuUsage(cpuBefore);
const report: PublisherReport = {
  messages: counts.reduce((sum, count) => sum + count, 0),
  ms,
  cpuMs: (user + system) / 1_000,
};
for (const client of clients) client.destroy();
process.stdout.write(JSON.stringify(report));

function share(index: number): number {
  if (plan.messages === undefined) return Number.POSITIVE_INFINITY;
  const count = plan.connections.length;
  return Math.floor(plan.messages / count) + (index < plan.messages % count ? 1 : 0);
}

/** Keeps the window full until every message is acknowledged; acknowledgements must come in order. Answers how many. */
function publish(socket: Socket, index: number): Promise<number> {
  const makeBurst = burstMaker(plan.connections[index]?.topic ?? '', index * 61);
  let messages = share(index);
  let sent = 0;
  let acknowledged = 0;
  let rest = Buffer.alloc(0);
  const send = (): void => {
    if (performance.now() > deadline) messages = Math.min(messages, sent);
    const count = Math.min(plan.window - (sent - acknowledged), messages - sent);
    if (count <= 0) return;
    socket.write(makeBurst(sent, count));
    sent += count;
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new Error(`the connection was closed after ${acknowledged} of ${messages} messages`)),
    );
    socket.on('data', (chunk: Buffer) => {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (; at + acknowledgementBytes <= data.length; at += acknowledgementBytes) {
        if (data[at] !== 0x40 || data.readUInt16BE(at + 2) !== (acknowledged % 0xffff) + 1) {
          reject(new Error('an acknowledgement came out of order'));
          return;
        }
        acknowledged++;
      }
      rest = Buffer.from(data.subarray(at));
      send();
      if (acknowledged === messages) resolve(acknowledged);
    });
    send();
  });
}

/** Fills one buffer with so many PUBLISH packets. Each connection begins with another body. */
function burstMaker(topic: string, offset: number): (first: number, count: number) => Buffer {
  const sample = mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload: bodies[0] ?? '',
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  const bodyAt = sample.length - plan.bodyBytes;
  const head = sample.subarray(0, bodyAt);
  return (first, count) => {
    const burst = Buffer.allocUnsafe(count * sample.length);
    for (let index = 0; index < count; index++) {
      const at = index * sample.length;
      burst.set(head, at);
      burst.writeUInt16BE(((first + index) % 0xffff) + 1, at + bodyAt - 2);
      const body = bodies[(first + index + offset) % bodies.length];
      if (body !== undefined) burst.set(body, at + bodyAt);
    }
    return burst;
  };
}
