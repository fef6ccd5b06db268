/** A device on a bare socket: as little memory and time as can be, so that one process can be many thousands. QoS 1 telemetry alone. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { deviceKey } from '../../support/hub-process.ts';

export interface DeviceTarget {
  readonly port: number;
  readonly tls?: boolean;
  /** Of the run; keys follow from it. */
  readonly secret: string;
  /** Seconds. */
  readonly keepAlive?: number;
  readonly localAddress?: string;
  readonly host?: string;
}

/** A CONNECT of MQTT 3.1.1 as a device with a key sends it. */
export function connectPacket(id: string, secret: string, keepAlive = 240, willBody?: string): Buffer {
  const token = createSasToken({
    resource: `localhost/devices/${id}`,
    key: deviceKey(secret, id),
    expiresAt: Math.floor(Date.now() / 1_000) + 86_400,
  });
  const will = willBody === undefined ? [] : [text(`devices/${id}/messages/events/`), text(willBody)];
  const flags = willBody === undefined ? 0xc2 : 0xce;
  return packet(0x10, [
    text('MQTT'),
    Buffer.from([4, flags, keepAlive >> 8, keepAlive & 0xff]),
    text(id),
    ...will,
    text(`localhost/${id}/?api-version=2021-04-12`),
    text(token),
  ]);
}

function publishPacket(id: string, packetIdentifier: number, body: Uint8Array): Buffer {
  const identifier = Buffer.from([packetIdentifier >> 8, packetIdentifier & 0xff]);
  return packet(0x32, [text(`devices/${id}/messages/events/`), identifier, body]);
}

export function packet(head: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** What is needed of a PUBLISH with QoS 1. */
export function readPublish(bytes: Buffer): { readonly identifier: Buffer; readonly body: Buffer } {
  let at = 1;
  while ((bytes[at] ?? 0) > 0x7f) at++;
  const topicEnd = at + 3 + bytes.readUInt16BE(at + 1);
  return { identifier: Buffer.from(bytes.subarray(topicEnd, topicEnd + 2)), body: bytes.subarray(topicEnd + 2) };
}

export class RawDevice {
  readonly id: string;
  readonly #target: DeviceTarget;
  #socket: Socket | undefined;
  #left = Buffer.alloc(0);
  #waiting: ((milliseconds: number) => void)[] = [];
  #sentAt: number[] = [];
  #next = 1;
  #connack: ((code: number) => void) | undefined;
  /** Called for each PUBLISH that the hub sends, with its whole packet. */
  onMessage: ((packet: Buffer) => void) | undefined;
  onSuback: (() => void) | undefined;
  onClosed: (() => void) | undefined;
  isOpen = false;

  constructor(id: string, target: DeviceTarget) {
    this.id = id;
    this.#target = target;
  }

  get socket(): Socket {
    if (this.#socket === undefined) throw new Error(`${this.id} was never connected`);
    return this.#socket;
  }

  /** PUBLISHes without a PUBACK. */
  get unacknowledged(): number {
    return this.#waiting.length;
  }

  /** Resolves with milliseconds until CONNACK. Rejects with what came instead. `hello` takes the place of the CONNECT. */
  connect(willBody?: string, hello?: Uint8Array): Promise<number> {
    const { port, tls, localAddress, secret, keepAlive, host = '127.0.0.1' } = this.#target;
    const begin = performance.now();
    const from = localAddress === undefined ? {} : { localAddress };
    return new Promise((resolve, reject) => {
      const socket =
        tls === true
          ? connectTls({ port, host, ...from, rejectUnauthorized: false, servername: 'localhost' })
          : connectPlain({ port, host, ...from });
      this.#socket = socket;
      let why = 'closed';
      socket.once(tls === true ? 'secureConnect' : 'connect', () =>
        socket.write(hello ?? connectPacket(this.id, secret, keepAlive, willBody)),
      );
      socket.on('data', (chunk: Buffer) => this.#receive(chunk));
      socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? error.message));
      socket.once('close', () => {
        const wasOpen = this.isOpen;
        this.isOpen = false;
        reject(new Error(why));
        if (wasOpen) this.onClosed?.();
      });
      this.#connack = (code) => {
        this.isOpen = code === 0;
        if (code === 0) resolve(performance.now() - begin);
        else reject(new Error(`CONNACK ${code}`));
      };
    });
  }

  /** Resolves with milliseconds until PUBACK; never when the connection ends before. */
  publish(body: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      this.send(body, resolve);
    });
  }

  /** Answers false when the socket has enough for now. */
  send(body: Uint8Array, acknowledged: (milliseconds: number) => void): boolean {
    this.#waiting.push(acknowledged);
    this.#sentAt.push(performance.now());
    const identifier = this.#next;
    this.#next = identifier === 65_535 ? 1 : identifier + 1;
    return this.socket.write(publishPacket(this.id, identifier, body));
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    let at = 0;
    for (;;) {
      const end = endOfPacket(bytes, at);
      if (end === undefined) break;
      this.#take(bytes.subarray(at, end));
      at = end;
    }
    this.#left = at === bytes.length ? nothing : Buffer.from(bytes.subarray(at));
  }

  #take(bytes: Buffer): void {
    const type = (bytes[0] ?? 0) >> 4;
    if (type === 2) this.#connack?.(bytes[3] ?? -1);
    else if (type === 3) this.onMessage?.(bytes);
    else if (type === 9) this.onSuback?.();
    else if (type === 4) this.#waiting.shift()?.(performance.now() - (this.#sentAt.shift() ?? 0));
  }
}

const nothing = Buffer.alloc(0);

function endOfPacket(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  for (let index = at + 1; index < Math.min(bytes.length, at + 5); index++) {
    const byte = bytes[index] ?? 0;
    length += (byte & 0x7f) * 128 ** (index - at - 1);
    if (byte < 0x80) return index + 1 + length <= bytes.length ? index + 1 + length : undefined;
  }
  return undefined;
}
