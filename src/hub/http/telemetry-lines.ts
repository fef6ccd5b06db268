import { isUtf8 } from 'node:buffer';
import { decodeBag } from '../../protocol/mqtt/index.ts';
import { formatPosition, type Position } from '../../protocol/telemetry/index.ts';
import type { StoredMessage } from '../core/ports.ts';

/** Turns stored messages into lines of the stream (src/protocol/telemetry/stream.ts). */
export type LineWriter = (message: StoredMessage) => string;

/** Property bags repeat from message to message; this many are kept in their written form. */
const maxRemembered = 2_000;
const longestRemembered = 1_024;

/** Lines are put together by hand: a stream writes more than a hundred thousand of them each second. */
export function createLineWriter(): LineWriter {
  const written = new Map<string, string>();

  function properties(message: StoredMessage): string {
    const { bag, sender } = message;
    if (bag === '' && sender.modelId === '') return '';
    // Every event has a time of its own among its properties.
    if (sender.source !== 'Telemetry') return writeProperties(bag, sender.modelId);
    const key = `${sender.modelId} ${bag}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const text = writeProperties(bag, sender.modelId);
    if (written.size >= maxRemembered) written.clear();
    if (key.length <= longestRemembered) written.set(key, text);
    return text;
  }

  return (message) => {
    const { sender, partition, sequenceNumber, enqueuedTime, body } = message;
    const module = sender.moduleId === '' ? '' : `,"m":${JSON.stringify(sender.moduleId)}`;
    const source = sender.source === 'Telemetry' ? '' : `,"e":"${sender.source}"`;
    const head = `{"d":${JSON.stringify(sender.deviceId)}${module}${source},"p":${partition},"n":${sequenceNumber},"t":${enqueuedTime}`;
    return `${head}${properties(message)}${writeBody(body)}}\n`;
  };
}

function writeProperties(bag: string, modelId: string): string {
  const { system, properties } = decodeBag(bag);
  // What the device announced when it connected wins over what a message claims.
  if (modelId !== '') system['dt-dataschema'] = modelId;
  const systemText = JSON.stringify(system);
  const applicationText = JSON.stringify(properties);
  return `${systemText === '{}' ? '' : `,"s":${systemText}`}${applicationText === '{}' ? '' : `,"a":${applicationText}`}`;
}

function writeBody(body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return isUtf8(bytes) ? `,"b":${JSON.stringify(bytes.toString('utf8'))}` : `,"x":"${bytes.toString('base64')}"`;
}

/** A mark: everything before the position has been given. */
export function writeMark(mark: {
  readonly position: Position;
  readonly live: boolean;
  readonly lost: number;
}): string {
  const live = mark.live ? ',"live":true' : '';
  const lost = mark.lost > 0 ? `,"lost":${mark.lost}` : '';
  return `{"position":"${formatPosition(mark.position)}"${live}${lost}}\n`;
}
