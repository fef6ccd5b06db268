/**
 * Many MQTT clients that answer whatever they are asked: direct methods of a hub, or requests by topics at a broker. Reads a
 * {@link RespondersPlan} as a line of JSON from standard input, writes a line to standard output when all have subscribed, and ends
 * with standard input.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import mqttPacket from 'mqtt-packet';
import { parseMethodRequestTopic, methodResponseTopic } from '../../src/protocol/mqtt/index.ts';
import { localAddressOf } from './local-address.ts';
import { connectMqtt, type MqttIdentity } from './mqtt-connect.ts';

export interface RespondersPlan {
  readonly port: number;
  readonly clients: readonly (MqttIdentity & {
    /** What each subscribes to. */
    readonly filter: string;
    /** Where it answers; the topic for answers to direct methods when absent. */
    readonly answerTo?: string;
  })[];
  readonly atOnce: number;
}

const answer = '{"ok":true}';

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const plan = JSON.parse(String((await input.next()).value)) as RespondersPlan;
let next = 0;
await Promise.all(Array.from({ length: plan.atOnce }, openInTurn));
process.stdout.write('ready\n');
await input.next();
process.exit();

async function openInTurn(): Promise<void> {
  for (let index = next++; index < plan.clients.length; index = next++) {
    const client = plan.clients[index];
    if (client !== undefined) await open(client, index);
  }
}

async function open(client: RespondersPlan['clients'][number], index: number): Promise<void> {
  const socket = await connectMqtt({ port: plan.port, ...localAddressOf(index) }, client);
  socket.on('error', () => undefined);
  socket.write(
    mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: client.filter, qos: 0 }] }),
  );
  const [granted] = (await once(socket, 'data')) as [Buffer];
  if (granted[0] !== 0x90 || granted[4] === 0x80) throw new Error(`${client.clientId} may not subscribe`);
  answerAll(socket, client.answerTo);
}

function answerAll(socket: Socket, answerTo: string | undefined): void {
  const parser = mqttPacket.parser();
  parser.on('packet', (packet) => {
    if (packet.cmd !== 'publish') return;
    const topic = answerTo ?? methodResponseTopic(200, parseMethodRequestTopic(packet.topic)?.rid ?? '');
    socket.write(mqttPacket.generate({ cmd: 'publish', topic, payload: answer, qos: 0, dup: false, retain: false }));
  });
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
}
