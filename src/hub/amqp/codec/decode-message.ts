/** The sections of an encoded message. Source: AMQP 1.0 part 3.2. */
import type { AmqpMessage, MessageProperties } from '../message.ts';
import { DecodeError, Reader } from './reader.ts';
import { AmqpDescribed, AmqpUuid, type AmqpMap, type AmqpValue, type MessageId } from './values.ts';

const nothing: AmqpMap = new Map();
/** More than a batch of the largest number of messages; each costs more memory than the three bytes it may have. */
const mostSections = 1_024;

/** Reads a message; bytes in it are views of `bytes`. Throws a DecodeError. */
export function decodeMessage(bytes: Uint8Array): AmqpMessage {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new Reader(buffer, 0, buffer.length);
  let annotations = nothing;
  let applicationProperties = nothing;
  let properties: MessageProperties = {};
  let value: AmqpValue | undefined;
  const data: Uint8Array[] = [];
  for (let sections = 0; reader.remaining > 0; sections++) {
    if (sections === mostSections) throw new DecodeError('the message has too many sections');
    const section = reader.read();
    if (!(section instanceof AmqpDescribed)) throw new DecodeError('a section of the message has no descriptor');
    const content = section.value;
    switch (section.descriptor) {
      case 0x72:
        annotations = asMap(content);
        break;
      case 0x73:
        properties = asProperties(content);
        break;
      case 0x74:
        applicationProperties = asMap(content);
        break;
      case 0x75:
        if (!(content instanceof Uint8Array)) throw new DecodeError('a data section is no binary');
        data.push(content);
        break;
      case 0x76:
      case 0x77:
        value = content;
        break;
      // Header, delivery annotations and footer say nothing the hub keeps.
      default:
    }
  }
  return { annotations, properties, applicationProperties, data, value };
}

/** The message's body as bytes: data as it is, a value as its text. Source: device.md §4.4. */
export function bodyOf({ data, value }: AmqpMessage): Uint8Array {
  if (data.length === 1 && data[0] !== undefined) return data[0];
  if (data.length > 1) return Buffer.concat(data);
  if (value === undefined || value === null) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(plain(value)), 'utf8');
}

function plain(value: AmqpValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item as AmqpValue)]));
  if (Array.isArray(value)) return value.map((item) => plain(item as AmqpValue));
  if (value instanceof AmqpUuid) return value.text;
  if (value instanceof AmqpDescribed) return plain(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'bigint' ? String(value) : value;
}

function asMap(value: AmqpValue): AmqpMap {
  if (value === null) return nothing;
  if (!(value instanceof Map)) throw new DecodeError('a section of the message is no map');
  return value as AmqpMap;
}

function asProperties(value: AmqpValue): MessageProperties {
  if (!Array.isArray(value)) throw new DecodeError('the properties of the message are no list');
  const fields = value as readonly AmqpValue[];
  return {
    messageId: asId(fields[0]),
    userId: asBinary(fields[1]),
    to: asString(fields[2]),
    subject: asString(fields[3]),
    replyTo: asString(fields[4]),
    correlationId: asId(fields[5]),
    contentType: asString(fields[6]),
    contentEncoding: asString(fields[7]),
    expiresAt: asTime(fields[8]),
    createdAt: asTime(fields[9]),
  };
}

function asString(value: AmqpValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Some SDKs write the user id as a string. */
function asBinary(value: AmqpValue | undefined): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return value instanceof Uint8Array ? value : undefined;
}

function asId(value: AmqpValue | undefined): MessageId | undefined {
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  // The only numbers among ids are ulongs (part 3.2.11).
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return value instanceof AmqpUuid || value instanceof Uint8Array ? value : undefined;
}

function asTime(value: AmqpValue | undefined): number | undefined {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
