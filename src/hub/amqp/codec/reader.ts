import { AmqpDescribed, AmqpUuid, type AmqpValue } from './values.ts';

/** Bytes that are not AMQP, or more of it than anybody needs. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Lists in lists in maps; SDKs need five. */
const deepest = 16;
/** Elements without bytes of their own cost the peer nothing, so they are bounded apart. */
const mostEmptyElements = 256;

/** Reads values from a part of a buffer. Never reads past its end, and never makes more of it than its bytes are worth. */
export class Reader {
  readonly buffer: Buffer;
  at: number;
  readonly end: number;
  #depth = 0;

  constructor(buffer: Buffer, at: number, end: number) {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  read(): AmqpValue {
    return this.#value(this.byte());
  }

  byte(): number {
    return this.buffer[this.#take(1)] ?? 0;
  }

  /** Moves on by `bytes` and answers where they begin. */
  #take(bytes: number): number {
    const at = this.at;
    if (bytes > this.end - at) throw new DecodeError('a value goes past its frame');
    this.at = at + bytes;
    return at;
  }

  #value(code: number): AmqpValue {
    switch (code >>> 4) {
      case 0x0:
        return this.#described(code);
      case 0x4:
        return emptyValue(code);
      case 0x5:
        return this.#oneByte(code);
      case 0x6:
        return this.#twoBytes(code);
      case 0x7:
        return this.#fourBytes(code);
      case 0x8:
        return this.#eightBytes(code);
      case 0x9:
        return this.#sixteenBytes(code);
      case 0xa:
        return this.#variable(code, this.byte());
      case 0xb:
        return this.#variable(code, this.#uint());
      case 0xc:
      case 0xd:
        return this.#compound(code);
      case 0xe:
      case 0xf:
        return this.#array(code);
      default:
        throw unknownType(code);
    }
  }

  #described(code: number): AmqpDescribed {
    if (code !== 0) throw unknownType(code);
    this.#enter();
    const descriptor = this.read();
    const value = this.read();
    this.#depth--;
    if (typeof descriptor !== 'number' && typeof descriptor !== 'string' && typeof descriptor !== 'bigint')
      throw new DecodeError('a descriptor is neither a number nor a symbol');
    return new AmqpDescribed(descriptor, value);
  }

  #oneByte(code: number): AmqpValue {
    const at = this.#take(1);
    switch (code) {
      case 0x50: // ubyte
      case 0x52: // uint
      case 0x53: // ulong
        return this.buffer.readUInt8(at);
      case 0x51: // byte
      case 0x54: // int
      case 0x55: // long
        return this.buffer.readInt8(at);
      case 0x56:
        return this.buffer[at] === 1;
      default:
        throw unknownType(code);
    }
  }

  #twoBytes(code: number): number {
    const at = this.#take(2);
    if (code === 0x60) return this.buffer.readUInt16BE(at);
    if (code === 0x61) return this.buffer.readInt16BE(at);
    throw unknownType(code);
  }

  #fourBytes(code: number): AmqpValue {
    const at = this.#take(4);
    switch (code) {
      case 0x70:
        return this.buffer.readUInt32BE(at);
      case 0x71:
        return this.buffer.readInt32BE(at);
      case 0x72:
        return this.buffer.readFloatBE(at);
      case 0x73:
        return codePoint(this.buffer.readUInt32BE(at));
      default:
        throw unknownType(code);
    }
  }

  #eightBytes(code: number): AmqpValue {
    const at = this.#take(8);
    switch (code) {
      case 0x80:
        return exact(this.buffer.readBigUInt64BE(at));
      case 0x81:
        return exact(this.buffer.readBigInt64BE(at));
      case 0x82:
        return this.buffer.readDoubleBE(at);
      case 0x83:
        return new Date(Number(this.buffer.readBigInt64BE(at)));
      default:
        throw unknownType(code);
    }
  }

  #sixteenBytes(code: number): AmqpUuid {
    if (code !== 0x98) throw unknownType(code);
    return AmqpUuid.read(this.buffer, this.#take(16));
  }

  #uint(): number {
    return this.buffer.readUInt32BE(this.#take(4));
  }

  #variable(code: number, size: number): AmqpValue {
    const at = this.#take(size);
    switch (code & 0x0f) {
      case 0x0:
        return this.buffer.subarray(at, at + size);
      case 0x1:
        return this.buffer.toString('utf8', at, at + size);
      case 0x3:
        return this.buffer.toString('latin1', at, at + size);
      default:
        throw unknownType(code);
    }
  }

  #compound(code: number): AmqpValue {
    const wide = code >>> 4 === 0xd;
    const size = wide ? this.#uint() : this.byte();
    const end = this.at + size;
    if (end > this.end) throw new DecodeError('a value goes past its frame');
    const count = wide ? this.#uint() : this.byte();
    // Every element has one byte at least.
    if (count > end - this.at) throw new DecodeError('a list has more elements than bytes');
    const kind = code & 0x0f;
    if (kind > 1) throw unknownType(code);
    this.#enter();
    const value = kind === 0 ? this.#list(count) : this.#map(count);
    this.#depth--;
    if (this.at !== end) throw new DecodeError('a list has another size than it says');
    return value;
  }

  #list(count: number): AmqpValue[] {
    const items: AmqpValue[] = [];
    for (let index = 0; index < count; index++) items.push(this.read());
    return items;
  }

  #map(count: number): ReadonlyMap<string, AmqpValue> {
    if (count % 2 === 1) throw new DecodeError('a map has a key without a value');
    const map = new Map<string, AmqpValue>();
    for (let index = 0; index < count; index += 2) {
      const key = this.read();
      map.set(keyText(key), this.read());
    }
    return map;
  }

  #array(code: number): AmqpValue[] {
    const wide = code >>> 4 === 0xf;
    const size = wide ? this.#uint() : this.byte();
    const end = this.at + size;
    if (end > this.end || (code & 0x0f) !== 0) throw new DecodeError('an array goes past its frame');
    const count = wide ? this.#uint() : this.byte();
    const element = this.byte();
    const limit = element >>> 4 === 0x4 ? mostEmptyElements : end - this.at;
    if (element === 0 || count > limit) throw new DecodeError('an array is not one that SDKs write');
    this.#enter();
    const items: AmqpValue[] = [];
    for (let index = 0; index < count; index++) items.push(this.#value(element));
    this.#depth--;
    if (this.at !== end) throw new DecodeError('an array has another size than it says');
    return items;
  }

  #enter(): void {
    if (++this.#depth > deepest) throw new DecodeError('values are nested too deeply');
  }
}

function emptyValue(code: number): AmqpValue {
  switch (code) {
    case 0x40:
      return null;
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x43: // uint
    case 0x44: // ulong
      return 0;
    case 0x45:
      return [];
    default:
      throw unknownType(code);
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function codePoint(code: number): string {
  if (code > 0x10ffff) throw new DecodeError('a character is not Unicode');
  return String.fromCodePoint(code);
}

function keyText(key: AmqpValue): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  throw new DecodeError('a map has a key that is no text');
}

function unknownType(code: number): DecodeError {
  return new DecodeError(`type 0x${code.toString(16)} is not known here`);
}
