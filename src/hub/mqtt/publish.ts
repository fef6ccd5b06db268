/** PUBLISH, read in place: most of what the hub does is this packet. Source: MQTT 3.1.1 §3.3. */
import { isUtf8 } from 'node:buffer';
import type { Frame } from './frame-reader.ts';

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
