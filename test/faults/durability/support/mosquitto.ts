/** A mosquitto with persistence, which keeps what devices send for one subscriber that is away. For calibration. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { lastingPort } from '../../../support/lasting-ports.ts';
import type { StoredBody } from './oracle.ts';

export interface Mosquitto {
  readonly port: number;
  kill(): Promise<void>;
}

/** Where it is; undefined, with a word on standard error, when it is not installed. */
export function findMosquitto(): string | undefined {
  const found = ['mosquitto', '/usr/sbin/mosquitto'].find((name) => spawnSync(name, ['-h']).error === undefined);
  if (found === undefined) process.stderr.write('the calibration with mosquitto is skipped: it is not installed\n');
  return found;
}

export async function startMosquitto(program: string, directory: string, again?: number): Promise<Mosquitto> {
  const port = again ?? (await lastingPort());
  const config = join(directory, 'mosquitto.conf');
  // Everything is on that keeps messages, and no limit drops them; how often the file is written is left as it comes.
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${directory}/`,
    // As root it would become another user, who may not write there.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'log_dest none',
  ];
  await writeFile(config, `${settings.join('\n')}\n`);
  const child = spawn(program, ['-c', config], { stdio: 'ignore' });
  const ended = once(child, 'close');
  for (let tries = 0; tries < 500 && !(await canConnect(port)); tries++) await delay(10);
  return {
    port,
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

const subscriber = 'reader';
const endTopic = 'end/of/it';

/** A session that stays when its connection ends; from now on the broker keeps what comes. */
export async function subscribeForLater(port: number): Promise<void> {
  const { socket } = await connectReader(port, (packet, answer) => {
    if (packet.cmd === 'suback') answer.end(mqttPacket.generate({ cmd: 'disconnect' }));
  });
  const subscriptions = ['devices/#', endTopic].map((topic) => ({ topic, qos: 1 as const }));
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
  await once(socket, 'close');
}

/** All that was kept for the session, in the order it is given. */
export async function* readQueued(port: number): AsyncGenerator<StoredBody, void, undefined> {
  const kept: StoredBody[] = [];
  const { socket } = await connectReader(port, (packet, answer) => {
    if (packet.cmd !== 'publish') return;
    answer.write(mqttPacket.generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
    if (packet.topic === endTopic) answer.destroy();
    else kept.push({ deviceId: packet.topic.split('/')[1] ?? '', body: packet.payload.toString() });
  });
  // Queued behind everything else.
  socket.write(
    mqttPacket.generate({
      cmd: 'publish',
      topic: endTopic,
      payload: '',
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    }),
  );
  await once(socket, 'close');
  yield* kept;
}

async function connectReader(
  port: number,
  onPacket: (packet: Packet, socket: Socket) => void,
): Promise<{ readonly socket: Socket }> {
  const socket = createConnection({ host: '127.0.0.1', port });
  const parser = mqttPacket.parser();
  const connected = Promise.withResolvers<void>();
  parser.on('packet', (packet: Packet) => {
    if (packet.cmd === 'connack') connected.resolve();
    onPacket(packet, socket);
  });
  socket.on('error', (error) => connected.reject(error));
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.write(
    mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: false,
      clientId: subscriber,
      keepalive: 60,
    }),
  );
  await connected.promise;
  return { socket };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
