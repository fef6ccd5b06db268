/** A hub in a process of its own, and peers that write the bytes they please. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import mqttPacket, { type IConnectPacket } from 'mqtt-packet';
import { expect } from 'vitest';
import { formatMqttUsername } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { startHubBox, type HubBox } from '../e2e/must-hold/support/hub-box.ts';

export interface RawHub extends HubBox {
  /** Registers a device with a key that is known. */
  register(deviceId: string, more?: object): Promise<void>;
  /** The bytes of a CONNECT; as they should be, but for the changes. */
  connectBytes(deviceId: string, changes?: Partial<IConnectPacket>): Buffer;
  open(port?: number | null): Promise<Socket>;
  /** A connection that the hub has accepted. */
  accepted(deviceId: string): Promise<Socket>;
  /** Resident memory of the hub's process, in megabytes. */
  memory(): Promise<number>;
  /** Processor time of the hub's process, in seconds. */
  processorTime(): Promise<number>;
  /** An honest device is served by the same process as before. */
  isWell(): Promise<void>;
}

const key = Buffer.alloc(32, 3).toString('base64');
/** Of proc(5): clock ticks in a second. */
const ticks = 100;

export async function startRawHub(): Promise<RawHub> {
  const hub = await startHubBox();
  const { info } = hub;
  const proc = (name: string): Promise<string> => readFile(`/proc/${info.pid}/${name}`, 'utf8');
  const raw: RawHub = {
    ...hub,
    async register(deviceId, more = {}) {
      const body = {
        deviceId,
        authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
        ...more,
      };
      expect((await hub.request('PUT', `/devices/${encodeURIComponent(deviceId)}`, { body })).status).toBe(200);
    },
    connectBytes(deviceId, changes = {}) {
      const expiresAt = Math.floor(Date.now() / 1_000) + 600;
      const resource = `${info.hostName}/devices/${deviceId}`;
      return mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: deviceId,
        keepalive: 60,
        username: formatMqttUsername({ hostName: info.hostName, deviceId }),
        password: Buffer.from(createSasToken({ resource, key, expiresAt })),
        ...changes,
      });
    },
    async open(port = info.ports.mqtt) {
      const socket = connect({ host: '127.0.0.1', port: port ?? 0, noDelay: true });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    },
    async accepted(deviceId) {
      const socket = await raw.open();
      socket.write(raw.connectBytes(deviceId));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect([...answer.subarray(0, 4)]).toEqual([0x20, 2, 0, 0]);
      return socket;
    },
    memory: async () => Number(/VmRSS:\s+(\d+)/.exec(await proc('status'))?.[1]) / 1_024,
    async processorTime() {
      const fields = (await proc('stat')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticks;
    },
    async isWell() {
      const socket = await raw.accepted('honest');
      socket.write(publish('devices/honest/messages/events/', 'well'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect([...answer.subarray(0, 4)]).toEqual([0x40, 2, 0, 7]);
      socket.destroy();
    },
  };
  await raw.register('honest');
  await raw.register('hostile');
  return raw;
}

/** A packet: its first byte, the length of what follows, and that. */
export function packet(first: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left % 128) | (left > 127 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A text with its length before it. */
export function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

export function publish(topic: string | Uint8Array, body: string, qos: 0 | 1 | 2 = 1): Buffer {
  const id = qos === 0 ? [] : [0, 7];
  return packet(0x30 | (qos << 1), Buffer.concat([text(topic), Buffer.from(id), Buffer.from(body)]));
}

export function subscribe(filter: string): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 9]), text(filter), Buffer.from([1])]));
}

/** Resolves when the connection is over, in whatever way. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Writes bytes; resolves with what the peer said when it has ended the connection, or with undefined when it has not in time. */
export async function endedBy(socket: Socket, bytes: Uint8Array, withinMs = 9_000): Promise<Buffer | undefined> {
  const said: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  const closed = closeOf(socket).then(() => true);
  socket.write(bytes);
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), withinMs).unref());
  const ended = await Promise.race([closed, late]);
  socket.destroy();
  return ended ? Buffer.concat(said) : undefined;
}
