import type { MessageProperties, OutgoingMessage } from '../message.ts';
import { Writer } from './writer.ts';

/** The message's bytes, for {@link OutgoingLink.sendEncoded}. A writer can be used again and again. */
export function encodeMessage(message: OutgoingMessage, writer: Writer = new Writer()): Buffer {
  writer.reset();
  writeMessage(message, writer);
  return writer.take();
}

function writeMessage(message: OutgoingMessage, writer: Writer): void {
  section(writer, 0x71, message.deliveryAnnotations, true);
  section(writer, 0x72, message.annotations, true);
  if (message.properties !== undefined) writeProperties(writer, message.properties);
  section(writer, 0x74, message.applicationProperties, false);
  if (message.body !== undefined) {
    writer.descriptor(0x75);
    writer.binary(message.body);
  } else if (message.value !== undefined) {
    writer.descriptor(0x77);
    writer.value(message.value);
  } else {
    // A message has a body (part 3.2); some clients fail on one without.
    writer.descriptor(0x75);
    writer.binary(new Uint8Array(0));
  }
}

function section(writer: Writer, code: number, entries: OutgoingMessage['annotations'], symbolKeys: boolean): void {
  if (entries === undefined || entries.size === 0) return;
  writer.descriptor(code);
  writer.map(entries, symbolKeys);
}

function writeProperties(writer: Writer, properties: MessageProperties): void {
  writer.descriptor(0x73);
  const mark = writer.beginList(10);
  optional(writer, properties.messageId, (id) => writer.messageId(id));
  optional(writer, properties.userId, (id) => writer.binary(id));
  optional(writer, properties.to, (text) => writer.string(text));
  optional(writer, properties.subject, (text) => writer.string(text));
  optional(writer, properties.replyTo, (text) => writer.string(text));
  optional(writer, properties.correlationId, (id) => writer.messageId(id));
  optional(writer, properties.contentType, (text) => writer.symbol(text));
  optional(writer, properties.contentEncoding, (text) => writer.symbol(text));
  optional(writer, properties.expiresAt, (time) => writer.timestamp(time));
  optional(writer, properties.createdAt, (time) => writer.timestamp(time));
  writer.end(mark);
}

function optional<Value>(writer: Writer, value: Value | undefined, write: (value: Value) => void): void {
  if (value === undefined) writer.null();
  else write(value);
}
