import { isUtf8 } from 'node:buffer';
import type { JsonValue } from '../../std/json.ts';
import type { ParsedBody, TelemetryMessage } from './message.ts';

type WithBody = Pick<TelemetryMessage, 'body' | 'system'>;

/** The body as text, in the encoding the message names (UTF-8 when it names none); undefined when it is not text in it. */
export function bodyAsText(message: WithBody): string | undefined {
  const encoding = (message.system['content-encoding'] ?? 'utf-8').trim().toLowerCase();
  if (encoding === '' || encoding === 'utf-8' || encoding === 'utf8') {
    return isUtf8(message.body)
      ? Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength).toString('utf8')
      : undefined;
  }
  if (encoding !== 'utf-16' && encoding !== 'utf-16le' && encoding !== 'utf-16be') return undefined;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(message.body);
  } catch {
    return undefined;
  }
}

/** The body as JSON where it is JSON, whatever its content type says; else undefined. */
export function bodyAsJson(message: WithBody): ParsedBody {
  const text = bodyAsText(message);
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
