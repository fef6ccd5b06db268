/** AMQP 1.0 values (part 1 of the specification) as TypeScript sees them. */

/**
 * A value read from the wire. Symbols read as strings; integers as numbers, or as bigint when they are too large to be exact;
 * timestamps as Date; maps with their keys as text. Bytes are views of the frame they came in: copy what is kept.
 */
export type AmqpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | AmqpUuid
  | AmqpDescribed
  | readonly AmqpValue[]
  | AmqpMap;

export type AmqpMap = ReadonlyMap<string, AmqpValue>;

/** A value to be written. Numbers are written through a function that names their type: SDKs insist on the exact one. */
export type Writable =
  | null
  | boolean
  | string
  | bigint
  | Date
  | Uint8Array
  | AmqpUuid
  | AmqpTyped
  | AmqpDescribed
  | readonly Writable[]
  | ReadonlyMap<string, Writable>;

/** A message id as the peer wrote it: written back, it has the same type again. Numbers are ulongs. */
export type MessageId = string | number | bigint | Uint8Array | AmqpUuid;

/** 16 bytes; `text` is the lower-case RFC 4122 form. */
export class AmqpUuid {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  static read(bytes: Buffer, at: number): AmqpUuid {
    const hex = bytes.toString('hex', at, at + 16);
    return new AmqpUuid(
      `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
    );
  }
}

/** A value with a descriptor: a filter, an outcome, a section. */
export class AmqpDescribed {
  readonly descriptor: string | number | bigint;
  readonly value: AmqpValue;

  constructor(descriptor: string | number | bigint, value: AmqpValue) {
    this.descriptor = descriptor;
    this.value = value;
  }
}

type NumberType = 'ubyte' | 'ulong' | 'int' | 'long' | 'double';

/** A value whose AMQP type is said aloud. */
export type AmqpTyped =
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export function ubyte(value: number): AmqpTyped {
  return { type: 'ubyte', value };
}

export function ulong(value: number): AmqpTyped {
  return { type: 'ulong', value };
}

export function int(value: number): AmqpTyped {
  return { type: 'int', value };
}

export function long(value: number): AmqpTyped {
  return { type: 'long', value };
}

/** An array of strings (not a list). */
export function strings(value: readonly string[]): AmqpTyped {
  return { type: 'strings', value };
}

/** The text of a value a device or caller set as a property; undefined for what has none: maps, lists, null. */
export function textOf(value: AmqpValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (value instanceof AmqpUuid) return value.text;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}
