import type { ReceivedEventData } from '@azure/event-hubs';
import {
  messageSources,
  type MessageSource,
  type SystemProperties,
  type TelemetryMessage,
} from '../../protocol/telemetry/index.ts';

/** An event as the rest of the program knows messages; undefined when its source is none that is known. Source: service.md §9.7. */
export function messageOfEvent(event: ReceivedEventData, partition: number): TelemetryMessage | undefined {
  const annotations = event.systemProperties ?? {};
  const deviceId = textOf(annotations['iothub-connection-device-id']) ?? event.partitionKey ?? '';
  const moduleId = textOf(annotations['iothub-connection-module-id']);
  const source = sourceOf(annotations['iothub-message-source']);
  if (source === undefined) return undefined;
  return {
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(source === 'Telemetry' ? {} : { source }),
    partition,
    sequenceNumber: event.sequenceNumber,
    enqueuedTime: event.enqueuedTimeUtc.toISOString(),
    system: systemOf(event, annotations),
    properties: propertiesOf(event.properties),
    body: bodyOf(event.body),
  };
}

function sourceOf(value: unknown): MessageSource | undefined {
  return value === undefined ? 'Telemetry' : messageSources.find((source) => source === value);
}

const annotationNames = [
  'dt-dataschema',
  'dt-subject',
  'iothub-interface-id',
  'iothub-creation-time-utc',
] as const satisfies readonly (keyof SystemProperties)[];
const propertyNames = [
  'iothub-message-schema',
  'iothub-outputname',
] as const satisfies readonly (keyof SystemProperties)[];

function systemOf(event: ReceivedEventData, annotations: Readonly<Record<string, unknown>>): SystemProperties {
  const found: [keyof SystemProperties, unknown][] = [
    ['message-id', idOf(event.messageId)],
    ['correlation-id', idOf(event.correlationId)],
    ['user-id', annotations['userId']],
    ['to', annotations['to']],
    ['content-type', event.contentType],
    ['content-encoding', annotations['contentEncoding']],
    ...annotationNames.map((name): [keyof SystemProperties, unknown] => [name, annotations[name]]),
    ...propertyNames.map((name): [keyof SystemProperties, unknown] => [name, event.properties?.[name]]),
  ];
  const system: SystemProperties = {};
  for (const [name, value] of found) {
    const text = textOf(value);
    if (text !== undefined && text !== '') system[name] = text;
  }
  return system;
}

/** Ids may be UUIDs, which come as their 16 bytes. */
function idOf(value: unknown): unknown {
  if (!(value instanceof Uint8Array) || value.length !== 16) return value;
  return Buffer.from(value)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function propertiesOf(properties: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const texts = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(properties ?? {})) {
    const text = (propertyNames as readonly string[]).includes(name) ? undefined : textOf(value);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

/** Bodies come as bytes, unless the sender wrote an AMQP value. */
function bodyOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''));
}
