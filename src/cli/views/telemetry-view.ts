import {
  encodeBytes,
  fieldsOf,
  messageAsJson,
  messageAsRow,
  readBody,
  selectFields,
  type BinaryEncoding,
  type Field,
  type TelemetryStatistics,
} from '../../fleet/telemetry/index.ts';
import type { TelemetryMessage } from '../../protocol/telemetry/index.ts';
import type { JsonValue } from '../../std/json.ts';
import type { Column, OutputFormat, StreamView, Tone } from '../output/output.ts';

export interface MessageViewOptions {
  /** Dotted names of body members; the whole body when absent. */
  readonly select: readonly string[] | undefined;
  readonly binary: BinaryEncoding;
  readonly format: OutputFormat;
  /** Unix ms; lines of the same day show the time alone. */
  readonly now: number;
}

/** How telemetry is written in each format. */
export function messageView(options: MessageViewOptions): StreamView<TelemetryMessage> {
  const { select, binary } = options;
  const today = new Date(options.now).toISOString().slice(0, 10);
  const timeOf = (message: TelemetryMessage): string =>
    message.enqueuedTime.startsWith(today) ? message.enqueuedTime.slice(11) : message.enqueuedTime;
  return {
    columns: [
      { header: 'TIME', value: timeOf, tone: () => 'dim' },
      { header: 'DEVICE', value: senderOf, tone: () => 'accent' },
      ...(select === undefined
        ? [{ header: 'BODY', value: (message: TelemetryMessage) => bodyText(message, binary) }]
        : select.map(selectedColumn)),
    ],
    json: (message) =>
      options.format === 'csv' ? messageAsRow(message, { select, binary }) : messageAsJson(message, { select, binary }),
    name: (message) => message.deviceId,
    lead: 2,
    line: (message) => [
      [timeOf(message), 'dim'],
      [senderOf(message), 'accent'],
      ...bodyParts(message, select, binary),
      ...propertyParts(message, select),
    ],
    raw: (message) => message.body,
  };
}

/** A module is named with its device. */
function senderOf({ deviceId, moduleId }: TelemetryMessage): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

function selectedColumn(name: string): Column<TelemetryMessage> {
  return { header: name, value: (message) => selectFields(message, [name])[0]?.[1] };
}

type Part = readonly [text: string, tone?: Tone];

function bodyParts(message: TelemetryMessage, select: readonly string[] | undefined, binary: BinaryEncoding): Part[] {
  if (select !== undefined) return selectFields(message, select).map(fieldPart);
  const body = readBody(message);
  if (body.kind === 'json') return fieldsOf(body.value).map(fieldPart);
  return [[bodyText(message, binary), body.kind === 'binary' ? 'dim' : 'plain']];
}

function fieldPart([name, value]: Field): Part {
  return [name === '' ? valueText(value) : `${name}=${valueText(value)}`, 'plain'];
}

/** Text without quotation marks where that can be misread by nobody. */
function valueText(value: JsonValue): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function propertyParts(message: TelemetryMessage, select: readonly string[] | undefined): Part[] {
  const entries = select === undefined ? Object.entries(message.properties) : [];
  return entries.length === 0
    ? []
    : [[`{${entries.map(([name, value]) => `${name}=${valueText(value)}`).join(' ')}}`, 'dim']];
}

function bodyText(message: TelemetryMessage, binary: BinaryEncoding): string {
  const body = readBody(message);
  if (body.kind === 'json') return JSON.stringify(body.value);
  return body.kind === 'text' ? body.text : `${binary}:${encodeBytes(body.bytes, binary)}`;
}

/** What one second brought, for the line that is drawn over. */
export function statisticsText(second: TelemetryStatistics): string {
  const devices = `${second.devices} device${second.devices === 1 ? '' : 's'}`;
  return `${second.messagesPerSecond.toLocaleString('en')} messages/s  ${devices}  ${bytesText(second.bytesPerSecond)}/s`;
}

export const statisticsView: StreamView<TelemetryStatistics> = {
  columns: [
    { header: 'TIME', value: (second) => new Date(second.time).toISOString(), tone: () => 'dim' },
    { header: 'MESSAGES/S', value: (second) => second.messagesPerSecond, align: 'right' },
    { header: 'DEVICES', value: (second) => second.devices, align: 'right' },
    { header: 'BYTES/S', value: (second) => second.bytesPerSecond, align: 'right' },
    { header: 'MESSAGES', value: (second) => second.totalMessages, align: 'right' },
  ],
  json: (second) => ({ ...second, time: new Date(second.time).toISOString() }),
  name: (second) => String(second.messagesPerSecond),
  line: (second) => [[new Date(second.time).toISOString(), 'dim'], [statisticsText(second)]],
};

function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
