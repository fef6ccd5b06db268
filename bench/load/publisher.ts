/**
 * Publishes at QoS 1 over plain MQTT as fast as it is acknowledged, from many connections, and says how long it took.
 * Reads a {@link PublisherPlan} as JSON from standard input and writes a {@link PublisherReport} to standard output.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import mqttPacket from 'mqtt-packet';

export interface PublisherPlan {
  readonly port: number;
  readonly connections: readonly {
    readonly clientId: string;
    readonly username?: string;
    readonly password?: string;
    readonly topic: string;
  }[];
  /** Over all connections. */
  readonly messages: number;
  readonly bodyBytes: number;
  /** Unacknowledged messages each connection may have. */
  readonly window: number;
}

export interface PublisherReport {
  readonly messages: number;
  /** From the first publish to the last acknowledgement; connecting is not counted. */
  readonly ms: number;
}

/** Different bodies, so that a store that compresses has something to do. */
const bodyVariety = 512;
const acknowledgementBytes = 4;

const plan = JSON.parse(await text(process.stdin)) as PublisherPlan;
const clients = await Promise.all(plan.connections.map(connect));
const begin = performance.now();
await Promise.all(clients.map((client, index) => publish(client, plan.connections[index]?.topic ?? '', share(index))));
const report: PublisherReport = { messages: plan.messages, ms: performance.now() - begin };
for (const client of clients) client.destroy();
process.stdout.write(JSON.stringify(report));

function share(index: number): number {
  const count = plan.connections.length;
  return Math.floor(plan.messages / count) + (index < plan.messages % count ? 1 : 0);
}

async function connect({ clientId, username, password }: PublisherPlan['connections'][number]): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port: plan.port, noDelay: true });
  await once(socket, 'connect');
  const credentials =
    username === undefined || password === undefined ? {} : { username, password: Buffer.from(password) };
  socket.write(
    mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: 120,
      ...credentials,
    }),
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`connection of ${clientId} was refused with ${answer[3]}`);
  return socket;
}

/** Keeps the window full until every message is acknowledged; acknowledgements must come in order. */
function publish(socket: Socket, topic: string, messages: number): Promise<void> {
  const packets = makePackets(topic);
  const idAt = 2 + Buffer.byteLength(topic) + lengthBytes(packets[0]?.length ?? 0);
  let sent = 0;
  let acknowledged = 0;
  let rest = Buffer.alloc(0);
  const send = (): void => {
    const count = Math.min(plan.window - (sent - acknowledged), messages - sent);
    if (count <= 0) return;
    const burst: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      const packet = Buffer.from(packets[sent % packets.length] ?? Buffer.alloc(0));
      packet.writeUInt16BE((sent % 0xffff) + 1, idAt);
      burst.push(packet);
      sent++;
    }
    socket.write(Buffer.concat(burst));
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
      if (acknowledged === messages) resolve();
      else send();
    });
    send();
  });
}

/** Ready-made PUBLISH packets whose message id is filled in on sending. */
function makePackets(topic: string): Buffer[] {
  return Array.from({ length: bodyVariety }, (_, index) => {
    const reading = `{"temperature":${(20 + Math.sin(index) * 5).toFixed(3)},"humidity":${(50 + Math.cos(index) * 20).toFixed(2)},"note":"`;
    const body = `${reading.padEnd(Math.max(plan.bodyBytes - 2, reading.length), 'abcdefghijklmnopqrstuvwxyz'.slice(index % 13))}"}`;
    return mqttPacket.generate({
      cmd: 'publish',
      topic,
      payload: body,
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
  });
}

/** One byte of packet type, the remaining length in one to four, before the topic. */
function lengthBytes(packetLength: number): number {
  return packetLength - 2 < 128 ? 2 : 3;
}
