import type { MessageSource } from './message.ts';

/**
 * The hub's own telemetry stream, an extension beside the IoT Hub REST API:
 *
 *   GET /iotctl/telemetry?from=…&until=…&follow=true&device=…&device=…&source=…&api-version=…
 *
 * where `source` (repeatable) is one of {@link MessageSource}, `Telemetry` when there is none. It needs ServiceConnect and answers `application/x-ndjson`. Every line is one {@link StreamLine}. The reader keeps the
 * position of what it has taken and asks again from there after a cut: no gap, no repeat.
 */
export const streamPath = '/iotctl/telemetry';

/** One telemetry message on the stream; short keys because there are many. */
export interface StreamMessage {
  /** device id */
  d: string;
  /** module id */
  m?: string;
  /** source, when it is not telemetry */
  e?: MessageSource;
  /** partition */
  p: number;
  /** sequence number in the partition */
  n: number;
  /** enqueued time, Unix milliseconds */
  t: number;
  /** system properties by service-side name */
  s?: Record<string, string>;
  /** application properties */
  a?: Record<string, string>;
  /** body, when it is UTF-8 text */
  b?: string;
  /** body in base64, when it is not UTF-8 text */
  x?: string;
}

/** A mark between messages. */
export interface StreamMark {
  /** The reader has everything before this position, messages that its filter left out included. */
  position: string;
  /** Set when the reader has reached the end of what is stored. */
  live?: true;
  /** Messages that were removed by retention before the reader came for them. */
  lost?: number;
}

export type StreamLine = StreamMessage | StreamMark;

/**
 * Where a reader stands: the next sequence number of each partition, written `0:12,1:7`. `earliest`, `latest` and an ISO time
 * are also allowed where a request names a position.
 */
export type Position = ReadonlyMap<number, number>;
