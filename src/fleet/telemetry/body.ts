import { bodyAsJson, bodyAsText, type TelemetryMessage } from '../../protocol/telemetry/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** A body as it can be shown. */
export type ReadableBody =
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Uint8Array };

/** Characters below the space, apart from tab and line breaks, mark bytes that only happen to be UTF-8. */
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const controlPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export function readBody(message: Pick<TelemetryMessage, 'body' | 'system'>): ReadableBody {
  const value = bodyAsJson(message);
  if (value !== undefined) return { kind: 'json', value };
  const text = bodyAsText(message);
  return text === undefined || controlPattern.test(text)
    ? { kind: 'binary', bytes: message.body }
    : { kind: 'text', text };
}

export type BinaryEncoding = 'base64' | 'hex';

export function encodeBytes(bytes: Uint8Array, encoding: BinaryEncoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}

/** A named value of a message: a member of its body, by its dotted name. */
export type Field = readonly [name: string, value: JsonValue];

/** The members of a JSON body, nested ones by dotted names; arrays stay whole. */
export function fieldsOf(value: JsonValue): Field[] {
  const fields: Field[] = [];
  collect(value, '', fields);
  return fields;
}

function collect(value: JsonValue, name: string, fields: Field[]): void {
  if (!isJsonObject(value) || (name !== '' && Object.keys(value).length === 0)) {
    fields.push([name, value]);
    return;
  }
  for (const [key, child] of Object.entries(value)) collect(child, name === '' ? key : `${name}.${key}`, fields);
}

/** One value of a body by its path; a member that has dots in its own name is found too. */
function valueAt(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  if (path.length === 0 || value === undefined) return value;
  if (Array.isArray(value)) {
    const [index = '', ...rest] = path;
    return /^\d+$/.test(index) ? valueAt(value[Number(index)], rest) : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join('.');
    if (Object.hasOwn(value, name)) return valueAt(value[name], path.slice(length));
  }
  return undefined;
}

/** The parts of a body a person asked for, in that order; what is not there is left out. */
export function selectFields(message: TelemetryMessage, names: readonly string[]): Field[] {
  const body = bodyAsJson(message);
  const fields: Field[] = [];
  for (const name of names) {
    const value =
      valueAt(body, name.split('.')) ??
      (Object.hasOwn(message.properties, name) ? message.properties[name] : undefined);
    if (value !== undefined) fields.push([name, value]);
  }
  return fields;
}

/** A message as `-o json` shows it; stable keys. */
export function messageAsJson(
  message: TelemetryMessage,
  options: { select?: readonly string[] | undefined; binary: BinaryEncoding },
): JsonObject {
  const head: JsonObject = { deviceId: message.deviceId };
  if (message.moduleId !== undefined) head['moduleId'] = message.moduleId;
  head['enqueuedTime'] = message.enqueuedTime;
  if (options.select !== undefined)
    return Object.assign(head, { body: Object.fromEntries(selectFields(message, options.select)) });
  head['partition'] = message.partition;
  head['sequenceNumber'] = message.sequenceNumber;
  head['properties'] = message.properties;
  head['system'] = message.system as JsonObject;
  const body = readBody(message);
  if (body.kind === 'json') head['body'] = body.value;
  else if (body.kind === 'text') head['body'] = body.text;
  else head[options.binary === 'hex' ? 'bodyHex' : 'bodyBase64'] = encodeBytes(body.bytes, options.binary);
  return head;
}

/** A message as a flat row for CSV: always the same keys, null where a message lacks one. */
export function messageAsRow(
  message: TelemetryMessage,
  options: { select?: readonly string[] | undefined; binary: BinaryEncoding },
): JsonObject {
  const { deviceId, enqueuedTime, partition, sequenceNumber, properties } = message;
  if (options.select !== undefined) {
    const found = new Map(selectFields(message, options.select));
    return {
      deviceId,
      enqueuedTime,
      ...Object.fromEntries(options.select.map((name) => [name, found.get(name) ?? null])),
    };
  }
  const body = readBody(message);
  return {
    deviceId,
    enqueuedTime,
    partition,
    sequenceNumber,
    properties,
    encoding: body.kind === 'binary' ? options.binary : body.kind,
    body:
      body.kind === 'json' ? body.value : body.kind === 'text' ? body.text : encodeBytes(body.bytes, options.binary),
  };
}
