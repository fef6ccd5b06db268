/** PUBLISH, read in place: most of what the hub does is this packet. Source: MQTT 3.1.1 §3.3. */
import { isUtf8 } from 'node:buffer';
import type { MessageRun } from '../core/ports.ts';
import type { EndReason } from './context.ts';
import type { Frame, FrameReader } from './frame-reader.ts';

export interface Publish {
  topic: string;
  qos: 0 | 1;
  /** 0 for QoS 0. */
  packetIdentifier: number;
  retain: boolean;
  dup: boolean;
  bodyStart: number;
  bodyEnd: number;
}

export function newPublish(): Publish {
  return { topic: '', qos: 0, packetIdentifier: 0, retain: false, dup: false, bodyStart: 0, bodyEnd: 0 };
}

/** Fills `into`, which is reused from packet to packet; answers why the packet is refused, or undefined. */
export function readPublish({ buffer, at, start, end }: Frame, into: Publish): string | undefined {
  const flags = buffer[at] ?? 0;
  const qos = (flags >> 1) & 3;
  if (qos > 1) return qos === 2 ? 'QoS 2 is not supported' : 'malformed PUBLISH';
  if (end - start < 2) return 'malformed PUBLISH';
  const topicStart = start + 2;
  const topicEnd = topicStart + buffer.readUInt16BE(start);
  const bodyStart = topicEnd + qos * 2;
  if (bodyStart > end) return 'malformed PUBLISH';
  const topic = buffer.toString('utf8', topicStart, topicEnd);
  // A device mostly repeats its topic; only a new one is looked at (MQTT-1.5.3-1, -2).
  if (topic !== into.topic) {
    if (topic.includes('\0') || !isUtf8(buffer.subarray(topicStart, topicEnd))) return 'malformed topic';
    into.topic = topic;
  }
  into.qos = qos === 1 ? 1 : 0;
  into.packetIdentifier = qos === 1 ? buffer.readUInt16BE(topicEnd) : 0;
  // MQTT-2.3.1-1
  if (qos === 1 && into.packetIdentifier === 0) return 'malformed PUBLISH';
  into.retain = (flags & 1) === 1;
  into.dup = (flags & 8) === 8;
  into.bodyStart = bodyStart;
  into.bodyEnd = end;
  return undefined;
}

/** PUBLISHes of one device with one topic and the same flags, which came in one chunk; reused from run to run. */
export interface PublishRun extends MessageRun {
  buffer: Uint8Array;
  count: number;
  /** 0 for QoS 0. */
  readonly identifiers: Uint16Array;
}

const longestRun = 1_024;

export function newPublishRun(): PublishRun {
  const bounds = new Uint32Array(longestRun * 2);
  return { buffer: new Uint8Array(0), count: 0, bounds, identifiers: new Uint16Array(longestRun) };
}

/**
 * Fills `into` with the packet the reader stands at, which was read as `publish`, and with those behind it that differ from it only
 * in their packet identifier and body. A packet that may not be is not in the run, and neither is anything behind it; answers why
 * the connection ends with it.
 */
export function readRun(
  reader: FrameReader,
  { qos, bodyStart, packetIdentifier }: Publish,
  largestBody: number,
  into: PublishRun,
): [EndReason, string?] | undefined {
  const { frame } = reader;
  const { bounds, identifiers } = into;
  const { buffer } = frame;
  const topicBytes = bodyStart - qos * 2 - frame.start;
  into.buffer = buffer;
  into.count = 0;
  let identifier = packetIdentifier;
  let start = bodyStart;
  for (;;) {
    if (frame.end - start > largestBody) return ['too-large'];
    const { count } = into;
    identifiers[count] = identifier;
    bounds[count * 2] = start;
    bounds[count * 2 + 1] = frame.end;
    into.count = count + 1;
    if (into.count === longestRun || !reader.nextLike(topicBytes, qos * 2)) return undefined;
    start = frame.start + topicBytes;
    if (qos === 0) continue;
    identifier = ((buffer[start] ?? 0) << 8) | (buffer[start + 1] ?? 0);
    start += 2;
    // MQTT-2.3.1-1
    if (identifier === 0) return ['protocol', 'malformed PUBLISH'];
  }
}
