/**
 * Devices that send telemetry at QoS 1 over plain MQTT without an end, survive every cut, send again what was not acknowledged, and
 * write down each acknowledgement in a journal of their own (see journal.ts). Told what to do by {@link IngestPlan}.
 */
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import mqttPacket from 'mqtt-packet';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { deviceIdOf, deviceKey } from '../../support/hub-process.ts';
import type { IngestNews, IngestPlan } from './ingest-plan.ts';
import { bodyOf, openJournal } from './journal.ts';

const puback = 0x40;
const connack = 0x20;
const packetIds = 0xffff;
const retryMs = 25;

const lines = createInterface({ input: process.stdin });
const input = lines[Symbol.asyncIterator]();
const plan = JSON.parse(String((await input.next()).value)) as IngestPlan;
const journal = openJournal(plan.journal);
let draining = false;
let acked = 0;
let resent = 0;
let connected = 0;
/** No acknowledgement came since the last cut of all. */
let quiet = true;

function tell(news: IngestNews): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

class Device {
  readonly #index: number;
  readonly #id: string;
  readonly #connect: Buffer;
  readonly #head: Buffer;
  #socket: Socket | undefined;
  #open = false;
  #boot = 0;
  #sent = 0;
  #acked = 0;
  /** Bodies of what is not acknowledged, by sequence number modulo the window: sent again as they were. */
  readonly #bodies: string[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(index: number) {
    this.#index = index;
    this.#id = deviceIdOf(index);
    this.#connect = connectPacket(this.#id);
    const topic = Buffer.from(`devices/${this.#id}/messages/events/`);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(topic.length);
    this.#head = Buffer.concat([length, topic]);
  }

  get isDrained(): boolean {
    return this.#acked === this.#sent;
  }

  get sent(): number {
    return this.#sent;
  }

  open(): void {
    const socket = createConnection({ host: '127.0.0.1', port: plan.port, noDelay: true });
    this.#socket = socket;
    this.#rest = Buffer.alloc(0);
    socket.on('connect', () => socket.write(this.#connect));
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#cut());
  }

  close(): void {
    this.#socket?.removeAllListeners('close');
    this.#socket?.destroy();
  }

  #cut(): void {
    if (this.#open) connected--;
    if (connected === 0) quiet = true;
    this.#open = false;
    setTimeout(() => this.open(), retryMs * (1 + Math.random()));
  }

  #begin(): void {
    this.#open = true;
    connected++;
    this.#boot++;
    resent += this.#sent - this.#acked;
    journal.add('connected', this.#index, this.#acked, this.#sent);
    const packets: Buffer[] = [];
    for (let seq = this.#acked; seq < this.#sent; seq++) packets.push(this.#packet(seq, true));
    if (packets.length > 0) this.#socket?.write(Buffer.concat(packets));
    this.fill();
  }

  fill(): void {
    if (!this.#open || draining) return;
    const limit = Math.min(this.#acked + plan.window, plan.messages ?? Number.POSITIVE_INFINITY);
    if (limit <= this.#sent) return;
    journal.add('sent', this.#index, this.#sent, limit);
    const packets: Buffer[] = [];
    for (; this.#sent < limit; this.#sent++) {
      this.#bodies[this.#sent % plan.window] = bodyOf(plan.secret, this.#id, this.#boot, this.#sent);
      packets.push(this.#packet(this.#sent, false));
    }
    this.#socket?.write(Buffer.concat(packets));
  }

  #packet(seq: number, duplicate: boolean): Buffer {
    const body = Buffer.from(this.#bodies[seq % plan.window] ?? '');
    const length = this.#head.length + 2 + body.length;
    const header = Buffer.from(
      length < 128 ? [duplicate ? 0x3a : 0x32, length] : [duplicate ? 0x3a : 0x32, (length & 127) | 128, length >> 7],
    );
    const identifier = Buffer.alloc(2);
    identifier.writeUInt16BE((seq % packetIds) + 1);
    return Buffer.concat([header, this.#head, identifier, body]);
  }

  #read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const before = this.#acked;
    let at = 0;
    for (; at + 4 <= data.length; at += 4) {
      if (data[at] === connack) {
        if (data[at + 3] !== 0) {
          this.#socket?.destroy();
          return;
        }
        this.#begin();
      } else if (data[at] === puback && data.readUInt16BE(at + 2) === (this.#acked % packetIds) + 1) this.#acked++;
      else throw new Error(`${this.#id} was told ${data.toString('hex', at, at + 4)} where ${this.#acked} was to come`);
    }
    this.#rest = data.subarray(at);
    if (this.#acked > before) this.#note(before);
    this.fill();
  }

  #note(before: number): void {
    journal.add('acked', this.#index, before, this.#acked);
    acked += this.#acked - before;
    if (!quiet) return;
    quiet = false;
    tell({ event: 'first-ack', at: Date.now() });
  }
}

function connectPacket(deviceId: string): Buffer {
  const account = (hostName: string): { username: string; password: Buffer } => ({
    username: `${hostName}/${deviceId}/?api-version=2021-04-12`,
    password: Buffer.from(
      createSasToken({
        resource: `${hostName}/devices/${deviceId}`,
        key: deviceKey(plan.secret, deviceId),
        expiresAt: Math.floor(Date.now() / 1_000) + 86_400,
      }),
    ),
  });
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: false,
    clientId: deviceId,
    keepalive: 600,
    ...(plan.hostName === undefined ? {} : account(plan.hostName)),
  });
}

const devices = Array.from({ length: plan.devices }, (_, index) => new Device(index));
for (const device of devices) device.open();
const progress = setInterval(() => {
  journal.flush();
  tell({ event: 'progress', acked });
}, 100);
for (let line = await input.next(); line.done !== true && line.value !== 'drain'; line = await input.next());
draining = true;
while (!devices.every((device) => device.isDrained)) await new Promise((resolve) => setTimeout(resolve, 5));
clearInterval(progress);
journal.close();
for (const device of devices) device.close();
lines.close();
tell({ event: 'done', acked, sent: devices.reduce((sum, device) => sum + device.sent, 0), resent });
process.stdin.destroy();
