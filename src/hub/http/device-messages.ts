import { HubError } from '../../protocol/hub-errors.ts';
import { encodeBag } from '../../protocol/mqtt/index.ts';
import type { SystemProperties } from '../../protocol/telemetry/index.ts';
import { isJsonObject, type JsonValue } from '../../std/json.ts';
import { fieldsOf, stringField } from '../core/untrusted.ts';

/** A telemetry message in the form the log takes. */
export interface DeviceMessage {
  readonly bag: string;
  readonly body: Uint8Array;
}

const maxBatchLength = 500;
const applicationPrefix = 'iothub-app-';

/** Headers that are application properties of the same name, as over MQTT. Source: device.md §2.3, §3.1. */
const namedHeaders: ReadonlySet<string> = new Set(['iothub-ack', 'iothub-operation']);

/** Header to system property. Source: device.md §3.1. */
const systemHeaders: ReadonlyMap<string, keyof SystemProperties> = new Map([
  ['iothub-to', 'to'],
  ['iothub-messageid', 'message-id'],
  ['iothub-correlationid', 'correlation-id'],
  ['iothub-userid', 'user-id'],
  ['iothub-expiry', 'absolute-expiry-time'],
  ['iothub-contenttype', 'content-type'],
  ['iothub-contentencoding', 'content-encoding'],
  ['iothub-interface-id', 'iothub-interface-id'],
  ['iothub-messageschema', 'iothub-message-schema'],
  ['iothub-creationtimeutc', 'iothub-creation-time-utc'],
  ['dt-subject', 'dt-subject'],
] as const);

/** One message: properties in headers, names and values in turn as they were sent, the body as it is. */
export function readSingle(rawHeaders: readonly string[], body: Uint8Array): DeviceMessage {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return { bag: bagOf(pairs), body };
}

/** A batch: all of it or nothing. Failure: HubError ArgumentInvalid. */
export function readBatch(value: JsonValue): DeviceMessage[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxBatchLength) {
    throw new HubError('ArgumentInvalid', `A batch is a JSON array of 1 to ${maxBatchLength} messages.`);
  }
  return value.map(readElement);
}

function readElement(value: JsonValue): DeviceMessage {
  const fields = fieldsOf(value, 'A message');
  const text = stringField(fields, 'body') ?? '';
  const encoded = fields.get('base64Encoded') ?? true;
  if (typeof encoded !== 'boolean') throw new HubError('ArgumentInvalid', 'base64Encoded must be true or false.');
  const properties = fields.get('properties') ?? {};
  if (!isJsonObject(properties)) throw new HubError('ArgumentInvalid', 'properties must be a JSON object.');
  const pairs: [string, string][] = [];
  for (const [name, item] of Object.entries(properties)) {
    if (typeof item !== 'string') throw new HubError('ArgumentInvalid', 'Message properties must be strings.');
    pairs.push([name, item]);
  }
  return { bag: bagOf(pairs), body: encoded ? decodeBase64(text) : Buffer.from(text) };
}

function decodeBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new HubError('ArgumentInvalid', 'A message body is not base64.');
  return Buffer.from(text, 'base64');
}

/** The property bag of header-style names; names that mean nothing to the hub are left out. */
function bagOf(pairs: Iterable<readonly [string, string]>): string {
  const system: SystemProperties = {};
  const properties = Object.create(null) as Record<string, string>;
  for (const [written, value] of pairs) {
    const name = written.toLowerCase();
    const known = systemHeaders.get(name);
    if (known !== undefined) system[known] ??= value;
    else if (namedHeaders.has(name)) properties[name] = value;
    else if (name.startsWith(applicationPrefix)) properties[written.slice(applicationPrefix.length)] = value;
  }
  return encodeBag({ system, properties });
}
