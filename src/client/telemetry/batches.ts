import { Failure } from '../../errors/index.ts';
import { fromStreamMessage, parseStreamLine } from '../../protocol/telemetry/index.ts';
import type { TelemetryMessage } from '../../protocol/telemetry/message.ts';
import type { TelemetryBatch } from '../service-api.ts';
import type { Cursor } from './cursor.ts';

/** Longer than any message the hub takes (256 KB), in base64 and with all its properties. */
const longestLine = 4 * 1024 * 1024;

/**
 * Cuts the stream's text into lines and gives one batch per piece that arrived; nothing is buffered beyond an unfinished line.
 * Failure `hub-failed` for a line that is neither a message nor a mark.
 */
export async function* readBatches(
  chunks: AsyncIterable<string>,
  cursor: Cursor,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + chunk;
    const end = text.lastIndexOf('\n');
    rest = end < 0 ? text : text.slice(end + 1);
    if (rest.length > longestLine) throw badLine(rest);
    if (end < 0) continue;
    const batch = readLines(text.slice(0, end).split('\n'), cursor);
    if (batch !== undefined) yield batch;
  }
  if (rest.trim() !== '') throw new Error('the stream was cut inside a line');
}

function readLines(lines: readonly string[], cursor: Cursor): TelemetryBatch | undefined {
  const messages: TelemetryMessage[] = [];
  let live = false;
  let lost = 0;
  let marked = false;
  for (const text of lines) {
    if (text === '' || text === '\r') continue;
    const line = parseStreamLine(text);
    if (line === undefined) throw badLine(text);
    if ('position' in line) {
      cursor.mark(line);
      live = line.live === true;
      lost += typeof line.lost === 'number' ? line.lost : 0;
      marked = true;
    } else if (cursor.take(line)) {
      messages.push(fromStreamMessage(line));
    }
  }
  return messages.length > 0 || marked ? { messages, position: cursor.position, live, lost } : undefined;
}

function badLine(text: string): Failure {
  return new Failure('hub-failed', 'the telemetry stream holds a line that cannot be understood', {
    hint: 'is the hub of another version? iotctl hub status',
    details: { line: text.slice(0, 120), length: text.length },
  });
}
