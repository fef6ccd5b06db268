/** Frames and their bodies. Source: AMQP 1.0 parts 2.3, 2.7 and 5.3. */
import type { AmqpError } from '../route.ts';
import { DecodeError, Reader } from './reader.ts';
import { AmqpDescribed, type AmqpMap, type AmqpValue, type Writable } from './values.ts';
import type { Writer } from './writer.ts';

export const codes = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslOutcome: 0x44,
} as const;

export const outcomeCodes = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const;

/** A frame taken apart: its fields by position, what follows them, and each field's own bytes where it is asked for. */
export interface Performative {
  readonly channel: number;
  readonly code: number;
  readonly fields: readonly AmqpValue[];
  readonly payload: Buffer;
}

/** Reads the body of a frame; undefined for an empty frame, which only says that the peer is there. */
export function readPerformative(frame: Buffer): Performative | undefined {
  const start = (frame[4] ?? 0) * 4;
  if (start < 8 || start > frame.length) throw new DecodeError('a frame begins past its end');
  if (start === frame.length) return undefined;
  const reader = new Reader(frame, start, frame.length);
  const body = reader.read();
  if (!(body instanceof AmqpDescribed) || typeof body.descriptor !== 'number' || !Array.isArray(body.value))
    throw new DecodeError('a frame holds no performative');
  return {
    channel: frame.readUInt16BE(6),
    code: body.descriptor,
    fields: body.value as readonly AmqpValue[],
    payload: frame.subarray(reader.at),
  };
}

/** The bytes of source and target of an ATTACH, to be written back as they came. */
export function readTermini(frame: Buffer): { source: Uint8Array; target: Uint8Array } {
  const reader = new Reader(frame, (frame[4] ?? 0) * 4, frame.length);
  reader.at += 1;
  reader.read();
  const wide = reader.byte() >>> 4 === 0xd;
  reader.at += wide ? 4 : 1;
  const count = wide ? frame.readUInt32BE(reader.at) : (frame[reader.at] ?? 0);
  reader.at += wide ? 4 : 1;
  const bytes: Uint8Array[] = [];
  for (let index = 0; index < Math.min(count, 7); index++) {
    const start = reader.at;
    reader.read();
    bytes.push(Buffer.from(frame.subarray(start, reader.at)));
  }
  const none = Uint8Array.of(0x40);
  return { source: bytes[5] ?? none, target: bytes[6] ?? none };
}

/** A field whose type is uint or smaller; undefined for what cannot be one, whatever type it came as. */
export function numberField(fields: readonly AmqpValue[], index: number): number | undefined {
  const value = fields[index];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestUint ? value : undefined;
}

const largestUint = 0xffff_ffff;

export function textField(fields: readonly AmqpValue[], index: number): string | undefined {
  const value = fields[index];
  return typeof value === 'string' ? value : undefined;
}

const noEntries: AmqpMap = new Map();

export function mapField(fields: readonly AmqpValue[], index: number): AmqpMap {
  const value = fields[index];
  return value instanceof Map ? (value as AmqpMap) : noEntries;
}

/** A field that holds one symbol or an array of them. */
export function textsField(fields: readonly AmqpValue[], index: number): readonly string[] {
  const value = fields[index];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The fields of a described list: a source, a target, an error. */
export function describedFields(value: AmqpValue | undefined): readonly AmqpValue[] {
  if (!(value instanceof AmqpDescribed) || !Array.isArray(value.value)) return [];
  return value.value as readonly AmqpValue[];
}

/** Begins a frame; {@link endFrame} fills in its size. */
function beginFrame(writer: Writer, channel: number, type: 0 | 1 = 0): number {
  const at = writer.length;
  writer.word(0);
  writer.byte(2);
  writer.byte(type);
  writer.short(channel);
  return at;
}

function endFrame(writer: Writer, at: number): void {
  writer.wordAt(at, writer.length - at);
}

export interface OpenFields {
  readonly containerId: string;
  readonly hostName: string;
  readonly maxFrameSize: number;
  readonly channelMax: number;
  readonly idleTimeout: number;
}

export function writeOpen(writer: Writer, open: OpenFields): void {
  const frame = beginFrame(writer, 0);
  writer.descriptor(codes.open);
  const mark = writer.beginList(5);
  writer.string(open.containerId);
  writer.string(open.hostName);
  writer.uint(open.maxFrameSize);
  writer.ushort(open.channelMax);
  writer.uint(open.idleTimeout);
  writer.end(mark);
  endFrame(writer, frame);
}

export interface BeginFields {
  readonly remoteChannel: number;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number;
}

export function writeBegin(writer: Writer, channel: number, begin: BeginFields): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.begin);
  const mark = writer.beginList(5);
  writer.ushort(begin.remoteChannel);
  writer.uint(begin.nextOutgoingId);
  writer.uint(begin.incomingWindow);
  writer.uint(begin.outgoingWindow);
  writer.uint(begin.handleMax);
  writer.end(mark);
  endFrame(writer, frame);
}

export interface AttachFields {
  readonly name: string;
  readonly handle: number;
  /** True when the hub receives. */
  readonly receiver: boolean;
  readonly sendSettleMode: number;
  readonly receiveSettleMode: number;
  /** As they came; undefined refuses the link. */
  readonly termini: { readonly source: Uint8Array; readonly target: Uint8Array } | undefined;
  readonly maxMessageSize: number;
  readonly properties?: ReadonlyMap<string, Writable> | undefined;
}

export function writeAttach(writer: Writer, channel: number, attach: AttachFields): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.attach);
  const mark = writer.beginList(14);
  writer.string(attach.name);
  writer.uint(attach.handle);
  writer.boolean(attach.receiver);
  writer.ubyte(attach.sendSettleMode);
  writer.ubyte(attach.receiveSettleMode);
  if (attach.termini === undefined) {
    writer.null();
    writer.null();
  } else {
    writer.raw(attach.termini.source);
    writer.raw(attach.termini.target);
  }
  writer.null(); // unsettled
  writer.null(); // incomplete-unsettled
  if (attach.receiver) writer.null();
  else writer.uint(0); // initial-delivery-count
  writer.ulong(attach.maxMessageSize);
  writer.null(); // offered-capabilities
  writer.null(); // desired-capabilities
  if (attach.properties === undefined) writer.null();
  else writer.map(attach.properties, true);
  writer.end(mark);
  endFrame(writer, frame);
}

export interface FlowFields {
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly link?:
    | { readonly handle: number; readonly deliveryCount: number; readonly credit: number; readonly drain: boolean }
    | undefined;
}

export function writeFlow(writer: Writer, channel: number, flow: FlowFields): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.flow);
  const mark = writer.beginList(flow.link === undefined ? 4 : 9);
  writer.uint(flow.nextIncomingId);
  writer.uint(flow.incomingWindow);
  writer.uint(flow.nextOutgoingId);
  writer.uint(flow.outgoingWindow);
  if (flow.link !== undefined) {
    writer.uint(flow.link.handle);
    writer.uint(flow.link.deliveryCount);
    writer.uint(flow.link.credit);
    writer.uint(0); // available
    writer.boolean(flow.link.drain);
  }
  writer.end(mark);
  endFrame(writer, frame);
}

export interface TransferFields {
  readonly handle: number;
  readonly deliveryId: number;
  readonly tag: Uint8Array;
  readonly settled: boolean;
  readonly more: boolean;
}

export function writeTransfer(writer: Writer, channel: number, transfer: TransferFields, payload: Uint8Array): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.transfer);
  const mark = writer.beginList(6);
  writer.uint(transfer.handle);
  writer.uint(transfer.deliveryId);
  writer.binary(transfer.tag);
  writer.uint(0); // message-format
  writer.boolean(transfer.settled);
  writer.boolean(transfer.more);
  writer.end(mark);
  writer.raw(payload);
  endFrame(writer, frame);
}

/** Bytes of a transfer's frame beside tag and payload, at most. */
export const transferOverhead = 48;

export interface DispositionFields {
  /** True when the hub received the deliveries. */
  readonly receiver: boolean;
  readonly first: number;
  readonly last: number;
  readonly outcome: keyof typeof outcomeCodes;
  readonly error?: AmqpError | undefined;
}

/** The hub always settles with its outcome. */
export function writeDisposition(writer: Writer, channel: number, fields: DispositionFields): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.disposition);
  const mark = writer.beginList(5);
  writer.boolean(fields.receiver);
  writer.uint(fields.first);
  writer.uint(fields.last);
  writer.boolean(true);
  writer.descriptor(outcomeCodes[fields.outcome]);
  if (fields.error === undefined) {
    writer.byte(0x45);
  } else {
    const outcome = writer.beginList(1);
    writeError(writer, fields.error);
    writer.end(outcome);
  }
  writer.end(mark);
  endFrame(writer, frame);
}

export function writeDetach(writer: Writer, channel: number, handle: number, closed: boolean, error?: AmqpError): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(codes.detach);
  const mark = writer.beginList(error === undefined ? 2 : 3);
  writer.uint(handle);
  writer.boolean(closed);
  if (error !== undefined) writeError(writer, error);
  writer.end(mark);
  endFrame(writer, frame);
}

/** END of a session or CLOSE of a connection. */
export function writeEnd(writer: Writer, channel: number, code: 0x17 | 0x18, error?: AmqpError): void {
  const frame = beginFrame(writer, channel);
  writer.descriptor(code);
  if (error === undefined) {
    writer.byte(0x45);
  } else {
    const mark = writer.beginList(1);
    writeError(writer, error);
    writer.end(mark);
  }
  endFrame(writer, frame);
}

function writeError(writer: Writer, error: AmqpError): void {
  writer.descriptor(0x1d);
  const mark = writer.beginList(3);
  writer.symbol(error.condition);
  if (error.description === undefined) writer.null();
  else writer.string(error.description);
  if (error.info === undefined) writer.null();
  else writer.map(error.info, true);
  writer.end(mark);
}

export function writeSaslMechanisms(writer: Writer, mechanisms: readonly string[]): void {
  const frame = beginFrame(writer, 0, 1);
  writer.descriptor(codes.saslMechanisms);
  const mark = writer.beginList(1);
  writer.array(mechanisms, 0xb3);
  writer.end(mark);
  endFrame(writer, frame);
}

export function writeSaslOutcome(writer: Writer, code: 0 | 1 | 2, text: string): void {
  const frame = beginFrame(writer, 0, 1);
  writer.descriptor(codes.saslOutcome);
  const mark = writer.beginList(2);
  writer.ubyte(code);
  writer.binary(Buffer.from(text, 'latin1'));
  writer.end(mark);
  endFrame(writer, frame);
}
