import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { deviceIdOf } from '../../support/hub-process.ts';
import { summarize, type Latencies } from './latencies.ts';
import { packet, RawDevice, readPublish, text, type DeviceTarget } from './raw-device.ts';
import { readerCommands } from './reader-commands.ts';

/** Sources of connections, so that none runs out of ports. */
const localAddresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
const devices = new Map<number, RawDevice>();
const sockets = new Set<Socket>();

export interface Range {
  readonly from: number;
  readonly count: number;
}

interface Connected {
  readonly connected: number;
  readonly attempts: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  readonly latencies: Latencies;
}

type Retry = 'never' | { readonly everyMs: number } | { readonly backOffMs: number; readonly mostMs: number };

async function connectDevices({
  from,
  count,
  parallel,
  retry = 'never',
  withinMs = 600_000,
  willBody,
  ...target
}: Range &
  DeviceTarget & {
    readonly parallel: number;
    readonly retry?: Retry;
    readonly withinMs?: number;
    readonly willBody?: string;
  }): Promise<Connected> {
  const begin = performance.now();
  const latencies: number[] = [];
  const failures: Record<string, number> = {};
  let [attempts, next] = [0, from];
  async function one(index: number): Promise<void> {
    for (let round = 0; performance.now() - begin < withinMs; round++) {
      const localAddress = localAddresses[index % localAddresses.length] ?? '';
      const device = new RawDevice(deviceIdOf(index), { ...target, localAddress });
      attempts++;
      try {
        latencies.push(await device.connect(willBody));
        devices.set(index, device);
        return;
      } catch (error) {
        const why = (error as Error).message;
        failures[why] = (failures[why] ?? 0) + 1;
      }
      if (retry === 'never') return;
      await delay(
        'everyMs' in retry ? retry.everyMs : Math.random() * Math.min(retry.mostMs, retry.backOffMs * 2 ** round),
      );
    }
  }
  async function lane(): Promise<void> {
    while (next < from + count) await one(next++);
  }
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, lane));
  const milliseconds = Math.round(performance.now() - begin);
  return { connected: latencies.length, attempts, failures, milliseconds, latencies: summarize(latencies) };
}

/** Each device sends every so often, spread evenly. Latencies are to the PUBACK. */
async function sendSteadily({
  from,
  count,
  everyMs,
  forMs,
  bytes = 200,
}: Range & { readonly everyMs: number; readonly forMs: number; readonly bytes?: number }): Promise<{
  readonly sent: number;
  readonly acknowledged: number;
  readonly closed: number;
  readonly latencies: Latencies;
}> {
  const body = Buffer.alloc(bytes, 'x');
  const latencies: number[] = [];
  let sent = 0;
  const begin = performance.now();
  for (let due = begin; due < begin + forMs; due += everyMs / count) {
    const wait = due - performance.now();
    if (wait > 1) await delay(wait);
    const device = devices.get(from + (sent % count));
    sent++;
    if (device?.isOpen === true) void device.publish(body).then((latency) => latencies.push(latency));
  }
  const deadline = performance.now() + 5_000;
  while (latencies.length < sent && performance.now() < deadline) await delay(5);
  const closed = [...devices].filter(([index, { isOpen }]) => index >= from && index < from + count && !isOpen).length;
  return { sent, acknowledged: latencies.length, closed, latencies: summarize(latencies) };
}

/** One device sends as fast as it can, or at a rate, with so much on its way. */
async function flood({
  index,
  perSecond,
  forMs,
  bytes,
  inFlight,
}: {
  readonly index: number;
  readonly perSecond: number;
  readonly forMs: number;
  readonly bytes: number;
  readonly inFlight: number;
}): Promise<{
  readonly sent: number;
  readonly acknowledged: number;
  readonly isOpen: boolean;
  readonly milliseconds: number;
}> {
  const device = deviceAt(index);
  const body = Buffer.alloc(bytes, 'f');
  let sent = 0;
  const begin = performance.now();
  while (performance.now() - begin < forMs && device.isOpen) {
    const due = ((performance.now() - begin) / 1_000) * perSecond;
    for (; sent < due && device.unacknowledged < inFlight; sent++) device.send(body, () => undefined);
    await delay(1);
  }
  const deadline = performance.now() + 30_000;
  while (device.unacknowledged > 0 && device.isOpen && performance.now() < deadline) await delay(5);
  const acknowledged = sent - device.unacknowledged;
  return { sent, acknowledged, isOpen: device.isOpen, milliseconds: Math.round(performance.now() - begin) };
}

export interface Trickle {
  readonly count: number;
  readonly port: number;
  readonly tls?: boolean;
  /** Base64. Sent at once; after it, with TLS, means after the handshake. */
  readonly first: string;
  /** Base64. What comes after: this many bytes of it every so often, from the begin again when it is over. */
  readonly rest: string;
  readonly bytesAtOnce: number;
  readonly everyMs: number;
  readonly forMs: number;
  readonly localAddress?: string;
}

/** Many sockets that say little, and who was cut when. Milliseconds from the connection to its end. */
async function trickle({
  count,
  port,
  tls,
  first,
  rest: repeated,
  bytesAtOnce,
  everyMs,
  forMs,
  localAddress,
}: Trickle): Promise<{
  readonly opened: number;
  readonly closed: number;
  readonly sentBytes: number;
  readonly lives: Latencies;
}> {
  const rest = Buffer.from(repeated, 'base64');
  const lives: number[] = [];
  const mine: Socket[] = [];
  let [opened, sentBytes] = [0, 0];
  let isOver = false;
  for (let index = 0; index < count; index++) {
    const from = localAddress === undefined ? {} : { localAddress };
    const begun = performance.now();
    const socket =
      tls === true
        ? connectTls({ port, host: '127.0.0.1', ...from, rejectUnauthorized: false })
        : connectPlain({ port, host: '127.0.0.1', ...from });
    mine.push(socket);
    sockets.add(socket);
    let at = 0;
    let timer: NodeJS.Timeout | undefined;
    const send = (bytes: Buffer): void => {
      if (bytes.length === 0 || socket.destroyed) return;
      sentBytes += bytes.length;
      socket.write(bytes);
    };
    socket.once(tls === true ? 'secureConnect' : 'connect', () => {
      opened++;
      send(Buffer.from(first, 'base64'));
      if (rest.length === 0) return;
      timer = setInterval(() => {
        send(rest.subarray(at, at + bytesAtOnce));
        at = (at + bytesAtOnce) % rest.length;
      }, everyMs);
    });
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      if (!isOver) lives.push(performance.now() - begun);
    });
    if (index % 200 === 199) await delay(1);
  }
  // The last one has its time too, however long it took until it was there.
  const begin = performance.now();
  while (lives.length < count && performance.now() - begin < forMs) await delay(20);
  isOver = true;
  const result = { opened, closed: lives.length, sentBytes, lives: summarize(lives) };
  for (const socket of mine) socket.destroy();
  return result;
}

/** One device sends so many messages, no faster than they are acknowledged. */
async function offer({
  index,
  count,
  bytes,
  inFlight,
}: {
  readonly index: number;
  readonly count: number;
  readonly bytes: number;
  readonly inFlight: number;
}): Promise<{ readonly acknowledged: number; readonly milliseconds: number }> {
  const device = deviceAt(index);
  const body = Buffer.alloc(bytes, 'o');
  const begin = performance.now();
  let sent = 0;
  while ((sent < count || device.unacknowledged > 0) && device.isOpen) {
    for (; sent < count && device.unacknowledged < inFlight; sent++) device.send(body, () => undefined);
    await delay(1);
  }
  return { acknowledged: sent - device.unacknowledged, milliseconds: Math.round(performance.now() - begin) };
}

function deviceAt(index: number): RawDevice {
  const device = devices.get(index);
  if (device === undefined) throw new Error(`device ${index} was never connected`);
  return device;
}

/** Listens, with QoS 1; resolves with the SUBACK. */
async function subscribe({ index, filter }: { readonly index: number; readonly filter: string }): Promise<void> {
  const device = deviceAt(index);
  const granted = new Promise<void>((resolve) => (device.onSuback = resolve));
  device.socket.write(packet(0x82, [Buffer.from([0, 9]), text(filter), Buffer.from([1])]));
  await granted;
}

/** Reads nothing any more. */
async function freeze({ index }: { readonly index: number }): Promise<void> {
  deviceAt(index).socket.pause();
}

/** What a device that means ill sends after its CONNECT, or in its place, and whether it was cut for it. */
async function abuse({
  index,
  packets,
  bare = false,
  forMs,
  ...target
}: DeviceTarget & {
  readonly index: number;
  /** Base64, each a write of its own. */
  readonly packets: readonly string[];
  /** Without a CONNECT before. */
  readonly bare?: boolean;
  readonly forMs: number;
}): Promise<{ readonly cut: boolean; readonly afterMs: number; readonly answer: string }> {
  const device = new RawDevice(deviceIdOf(index), target);
  const opened = device.connect(undefined, bare ? Buffer.from(packets[0] ?? '', 'base64') : undefined);
  if (!bare) await opened;
  opened.catch(() => undefined);
  const begin = performance.now();
  const { socket } = device;
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer = `${answer}${chunk.toString('hex')}`.slice(0, 64)));
  for (const bytes of packets.slice(bare ? 1 : 0)) {
    if (socket.destroyed) break;
    if (!socket.write(Buffer.from(bytes, 'base64'))) await delay(5);
  }
  while (!socket.destroyed && performance.now() - begin < forMs) await delay(5);
  const result = { cut: socket.destroyed, afterMs: Math.round(performance.now() - begin), answer };
  device.destroy();
  return result;
}

/** How long a device that reads nothing has a connection: it notices by a byte that it sends now and then. */
async function awaitEnd({ index, withinMs }: { readonly index: number; readonly withinMs: number }): Promise<number> {
  const begin = performance.now();
  const { socket } = deviceAt(index);
  while (!socket.destroyed && performance.now() - begin < withinMs) {
    socket.write(Buffer.from([0xc0, 0]));
    await delay(50);
  }
  return socket.destroyed ? Math.round(performance.now() - begin) : -1;
}

/** The bodies of the messages that a device is sent and acknowledges, until there were so many or nothing came for a while. */
async function receive({
  index,
  count,
  quietMs,
}: {
  readonly index: number;
  readonly count: number;
  readonly quietMs: number;
}): Promise<readonly string[]> {
  const device = deviceAt(index);
  const bodies: string[] = [];
  let last = performance.now();
  device.onMessage = (bytes) => {
    const { identifier, body } = readPublish(bytes);
    bodies.push(body.toString());
    device.socket.write(Buffer.concat([Buffer.from([0x40, 2]), identifier]));
    last = performance.now();
  };
  await subscribe({ index, filter: `devices/${device.id}/messages/devicebound/#` });
  while (bodies.length < count && performance.now() - last < quietMs) await delay(10);
  return bodies;
}

/** How many of these devices have a connection that was not closed. */
async function openDevices({ from, count }: Range): Promise<number> {
  return [...devices].filter(([index, { isOpen }]) => index >= from && index < from + count && isOpen).length;
}

async function disconnect({ from, count }: Range): Promise<void> {
  for (let index = from; index < from + count; index++) {
    devices.get(index)?.destroy();
    devices.delete(index);
  }
}

/** What a load program can be asked for. */
export const commands = {
  connectDevices,
  sendSteadily,
  flood,
  offer,
  trickle,
  openDevices,
  disconnect,
  subscribe,
  freeze,
  abuse,
  awaitEnd,
  receive,
  ...readerCommands,
};
export type LoadCommands = typeof commands;
