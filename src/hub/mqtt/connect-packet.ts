/** CONNECT, read by hand: a fleet that comes back sends thousands at once, and a general parser takes longer than the signature. */
import { isUtf8 } from 'node:buffer';
import type { Frame } from './frame-reader.ts';

export interface ConnectPacket {
  readonly clientId: string;
  readonly clean: boolean;
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
  /** Empty when absent. */
  readonly username: string;
  readonly password: string | undefined;
  readonly will:
    | { readonly topic: string; readonly qos: number; readonly retain: boolean; readonly body: Uint8Array }
    | undefined;
}

const firstByte = 0x10;

/**
 * Reads a CONNECT whose protocol name and level ended at `at`; undefined when it is malformed. Copies what it keeps.
 * Source: MQTT 3.1.1 §3.1.2.3 to §3.1.3.
 */
export function readConnect(frame: Frame, at: number): ConnectPacket | undefined {
  const { buffer, end } = frame;
  if (buffer[frame.at] !== firstByte || at + 3 > end) return undefined;
  const flags = readFlags(buffer[at] ?? 0);
  if (flags === undefined) return undefined;
  const fields = new Fields(buffer, at + 3, end);
  const clientId = fields.text();
  const will = flags.will ? { topic: fields.text(), body: fields.bytes() } : undefined;
  const username = flags.username ? fields.text() : '';
  const password = flags.password ? fields.bytes().toString('utf8') : undefined;
  if (!fields.isWhole) return undefined;
  const { qos, retain, clean } = flags;
  return {
    clientId,
    clean,
    keepAlive: buffer.readUInt16BE(at + 1),
    username,
    password,
    will: will === undefined ? undefined : { topic: will.topic, qos, retain, body: Uint8Array.from(will.body) },
  };
}

interface Flags {
  readonly clean: boolean;
  readonly will: boolean;
  readonly qos: number;
  readonly retain: boolean;
  readonly username: boolean;
  readonly password: boolean;
}

/** Undefined for what no client may send: MQTT-3.1.2-3, -13 to -15 and -22. */
function readFlags(byte: number): Flags | undefined {
  const flags = {
    clean: (byte & 0x02) !== 0,
    will: (byte & 0x04) !== 0,
    qos: (byte >> 3) & 3,
    retain: (byte & 0x20) !== 0,
    password: (byte & 0x40) !== 0,
    username: (byte & 0x80) !== 0,
  };
  const reserved = (byte & 0x01) !== 0;
  const willWithout = !flags.will && (flags.qos > 0 || flags.retain);
  return reserved || willWithout || flags.qos === 3 || (flags.password && !flags.username) ? undefined : flags;
}

const nothing = Buffer.alloc(0);

/** Fields with a length of two bytes, one after the other. What is read beyond the end, or is no text, makes all of it bad. */
class Fields {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;
  #isGood = true;

  constructor(buffer: Buffer, at: number, end: number) {
    this.#buffer = buffer;
    this.#at = at;
    this.#end = end;
  }

  /** True when every field was there, and nothing is behind them. */
  get isWhole(): boolean {
    return this.#isGood && this.#at === this.#end;
  }

  bytes(): Buffer {
    const start = this.#at + 2;
    const end = start <= this.#end ? start + this.#buffer.readUInt16BE(this.#at) : Number.POSITIVE_INFINITY;
    if (end > this.#end) {
      this.#isGood = false;
      return nothing;
    }
    this.#at = end;
    return this.#buffer.subarray(start, end);
  }

  /** MQTT-1.5.3-1, -2. */
  text(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes) || bytes.includes(0)) this.#isGood = false;
    return bytes.toString('utf8');
  }
}
