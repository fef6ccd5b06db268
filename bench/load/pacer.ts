/**
 * Publishes at QoS 1 at an even rate from many connections; each body says when it was sent. Reads a {@link PacerPlan} as JSON from
 * standard input and writes a {@link PacerReport} to standard output.
 */
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import mqttPacket from 'mqtt-packet';
import { makeBodies } from './bodies.ts';
import { microseconds } from './clock.ts';
import { connectMqtt, type MqttIdentity } from './mqtt-connect.ts';

export interface PacerPlan {
  readonly port: number;
  readonly connections: readonly (MqttIdentity & { readonly topic: string })[];
  /** Messages per second, over all connections. */
  readonly rate: number;
  /** Seconds of the same before, whose messages do not say when they were sent: connections and programs are warm then. */
  readonly warmSeconds?: number;
  readonly seconds: number;
  readonly bodyBytes: number;
}

export interface PacerReport {
  readonly messages: number;
  /** How far behind its time the latest message was sent, in milliseconds; of those that count. */
  readonly latestMs: number;
}

const plan = JSON.parse(await text(process.stdin)) as PacerPlan;
const fillers = makeBodies(plan.bodyBytes - '"sent":1234567890123456,'.length, 1_024);
const clients = await Promise.all(plan.connections.map((identity) => connectMqtt(plan, identity)));
for (const client of clients) client.resume();
const warm = plan.rate * (plan.warmSeconds ?? 0);
const messages = plan.rate * plan.seconds;
const report: PacerReport = { messages, latestMs: await sendAll() };
for (const client of clients) client.end(mqttPacket.generate({ cmd: 'disconnect' }));
process.stdout.write(JSON.stringify(report));

function sendAll(): Promise<number> {
  const begin = performance.now();
  let [sent, latest] = [0, 0];
  return new Promise((resolve) => {
    const send = (): void => {
      const now = performance.now() - begin;
      while (sent < warm + messages && (sent * 1_000) / plan.rate <= now) {
        if (sent >= warm) latest = Math.max(latest, now - (sent * 1_000) / plan.rate);
        publish(sent++);
      }
      if (sent < warm + messages) setTimeout(send, 1);
      else resolve(latest);
    };
    send();
  });
}

function publish(index: number): void {
  const at = index % clients.length;
  const [client, connection]: [Socket | undefined, PacerPlan['connections'][number] | undefined] = [
    clients[at],
    plan.connections[at],
  ];
  const filler = fillers[index % fillers.length]?.toString().slice(1) ?? '}';
  client?.write(
    mqttPacket.generate({
      cmd: 'publish',
      topic: connection?.topic ?? '',
      payload: `{"${index < warm ? 'warm' : 'sent'}":${microseconds()},${filler}`,
      qos: 1,
      messageId: (index % 0xffff) + 1,
      dup: false,
      retain: false,
    }),
  );
}
