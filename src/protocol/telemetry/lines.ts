/** Lines of the telemetry stream, read. */
import { parseJsonObject, type JsonObject } from '../../std/json.ts';
import type { TelemetryMessage } from './message.ts';
import type { StreamLine, StreamMessage } from './stream.ts';

/** The last millisecond a Date can hold. */
const latestTime = 8.64e15;

/** Reads one line of the stream; undefined when it is neither a message nor a mark. */
export function parseStreamLine(line: string): StreamLine | undefined {
  const value = parseJsonObject(line);
  if (value === undefined) return undefined;
  if (typeof value['position'] === 'string') return value as unknown as StreamLine;
  return isStreamMessage(value) ? (value as unknown as StreamMessage) : undefined;
}

function isStreamMessage(value: JsonObject): boolean {
  return (
    typeof value['d'] === 'string' &&
    Number.isSafeInteger(value['p']) &&
    Number.isSafeInteger(value['n']) &&
    typeof value['t'] === 'number' &&
    Math.abs(value['t']) <= latestTime &&
    (typeof value['b'] === 'string' || typeof value['x'] === 'string')
  );
}

/** The message of a stream line. */
export function fromStreamMessage(line: StreamMessage): TelemetryMessage {
  return {
    deviceId: line.d,
    ...(line.m === undefined ? {} : { moduleId: line.m }),
    ...(line.e === undefined ? {} : { source: line.e }),
    partition: line.p,
    sequenceNumber: line.n,
    enqueuedTime: new Date(line.t).toISOString(),
    system: line.s ?? {},
    properties: line.a ?? {},
    body: line.b === undefined ? Buffer.from(line.x ?? '', 'base64') : Buffer.from(line.b),
  };
}
