import { AmqpDescribed, AmqpUuid, type AmqpTyped, type AmqpValue, type MessageId, type Writable } from './values.ts';

const firstSize = 4 * 1024;

/** Writes values into one buffer that grows and is used again. */
export class Writer {
  #buffer = Buffer.allocUnsafe(firstSize);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0;
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }

  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  short(value: number): void {
    this.#room(2);
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }

  word(value: number): void {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  wordAt(at: number, value: number): void {
    this.#buffer.writeUInt32BE(value, at);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  null(): void {
    this.byte(0x40);
  }

  boolean(value: boolean): void {
    this.byte(value ? 0x41 : 0x42);
  }

  ubyte(value: number): void {
    this.byte(0x50);
    this.byte(value);
  }

  ushort(value: number): void {
    this.byte(0x60);
    this.short(value);
  }

  uint(value: number): void {
    if (value === 0) {
      this.byte(0x43);
    } else if (value < 256) {
      this.byte(0x52);
      this.byte(value);
    } else {
      this.byte(0x70);
      this.word(value);
    }
  }

  ulong(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 256) {
      this.byte(value === 0 ? 0x44 : 0x53);
      if (value !== 0) this.byte(value);
    } else {
      this.byte(0x80);
      this.#room(8);
      this.#at = this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)), this.#at);
    }
  }

  int(value: number): void {
    this.byte(0x71);
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(value | 0, this.#at);
  }

  long(value: number | bigint): void {
    this.byte(0x81);
    this.#room(8);
    this.#at = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)), this.#at);
  }

  double(value: number): void {
    this.byte(0x82);
    this.#room(8);
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
  }

  /** `time` in Unix milliseconds. */
  timestamp(time: number): void {
    this.byte(0x83);
    this.#room(8);
    this.#at = this.#buffer.writeBigInt64BE(
      BigInt.asIntN(64, Number.isFinite(time) ? BigInt(Math.trunc(time)) : 0n),
      this.#at,
    );
  }

  string(value: string): void {
    this.#text(value, 'utf8', 0xa1);
  }

  symbol(value: string): void {
    this.#text(value, 'latin1', 0xa3);
  }

  binary(value: Uint8Array): void {
    this.#sized(value.length, 0xa0);
    this.raw(value);
  }

  uuid({ text }: AmqpUuid): void {
    this.byte(0x98);
    this.raw(Buffer.from(text.replaceAll('-', ''), 'hex'));
  }

  messageId(value: MessageId): void {
    if (typeof value === 'string') this.string(value);
    else if (typeof value === 'number' || typeof value === 'bigint') this.ulong(value);
    else if (value instanceof AmqpUuid) this.uuid(value);
    else this.binary(value);
  }

  /** Descriptor of a section, a performative or an outcome. */
  descriptor(code: number): void {
    this.byte(0);
    this.byte(0x53);
    this.byte(code);
  }

  /** A list of `count` elements, which the caller writes next; end it with {@link end}. */
  beginList(count: number): number {
    return this.#begin(0xd0, count);
  }

  /** A map of `count` keys with their values. */
  beginMap(count: number): number {
    return this.#begin(0xd1, count * 2);
  }

  end(mark: number): void {
    this.wordAt(mark, this.#at - mark - 4);
  }

  map(entries: ReadonlyMap<string, Writable>, symbolKeys: boolean): void {
    const mark = this.beginMap(entries.size);
    for (const [key, value] of entries) {
      if (symbolKeys) this.symbol(key);
      else this.string(key);
      this.value(value);
    }
    this.end(mark);
  }

  value(value: Writable): void {
    if (value === null) this.null();
    else if (typeof value === 'string') this.string(value);
    else if (typeof value === 'boolean') this.boolean(value);
    else if (typeof value === 'bigint') this.long(value);
    else if (value instanceof Date) this.timestamp(value.getTime());
    else if (value instanceof Uint8Array) this.binary(value);
    else if (value instanceof AmqpUuid) this.uuid(value);
    else if (value instanceof AmqpDescribed) this.#described(value);
    else if (value instanceof Map) this.map(value, false);
    else if (Array.isArray(value)) this.#list(value);
    else this.#typed(value as AmqpTyped);
  }

  #described({ descriptor, value }: AmqpDescribed): void {
    this.byte(0);
    if (typeof descriptor === 'string') this.symbol(descriptor);
    else this.ulong(descriptor);
    this.value(asWritable(value));
  }

  #list(items: readonly Writable[]): void {
    const mark = this.beginList(items.length);
    for (const item of items) this.value(item);
    this.end(mark);
  }

  #typed(typed: AmqpTyped): void {
    if (typed.type === 'strings') this.array(typed.value, 0xb1);
    else this[typed.type](typed.value);
  }

  /** An array of texts; `element` is 0xb1 for strings, 0xb3 for symbols. */
  array(texts: readonly string[], element: 0xb1 | 0xb3): void {
    this.byte(0xf0);
    const mark = this.#at;
    this.word(0);
    this.word(texts.length);
    this.byte(element);
    for (const text of texts) {
      const bytes = Buffer.from(text, element === 0xb1 ? 'utf8' : 'latin1');
      this.word(bytes.length);
      this.raw(bytes);
    }
    this.end(mark);
  }

  #begin(code: number, count: number): number {
    this.byte(code);
    const mark = this.#at;
    this.word(0);
    this.word(count);
    return mark;
  }

  #text(value: string, encoding: 'utf8' | 'latin1', code: number): void {
    const length = Buffer.byteLength(value, encoding);
    this.#sized(length, code);
    this.#room(length);
    this.#at += this.#buffer.write(value, this.#at, encoding);
  }

  #sized(length: number, code: number): void {
    if (length < 256) {
      this.byte(code);
      this.byte(length);
    } else {
      this.byte(code + 0x10);
      this.word(length);
    }
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** A read value as one to be written; its numbers become longs, since what they were is not kept. */
function asWritable(value: AmqpValue): Writable {
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'long' : 'double', value };
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, asWritable(item as AmqpValue)]));
  return Array.isArray(value) ? value.map((item) => asWritable(item as AmqpValue)) : (value as Writable);
}
