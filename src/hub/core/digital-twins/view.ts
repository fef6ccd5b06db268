import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import type { Twin } from '../../../protocol/twin/document.ts';

/** A device's twin as its model's properties and components. Source: service.md §3.4. */
export function viewDigitalTwin(twin: Twin): JsonObject {
  const { desired, reported } = twin.properties;
  const root = viewPart(desired, reported, metadataOf(reported));
  const metadata = root['$metadata'] as JsonObject;
  return { ...root, $dtId: twin.deviceId, $metadata: { $model: twin.modelId, ...metadata } };
}

/** Marks an object under desired or reported as a component. */
const componentMark = '__t';

export function isComponent(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value ?? null) && (value as JsonObject)[componentMark] === 'c';
}

function viewPart(desired: JsonObject, reported: JsonObject, times: JsonObject): JsonObject {
  const values: [string, JsonValue][] = [];
  const metadata: [string, JsonValue][] = [];
  for (const name of new Set([...Object.keys(reported), ...Object.keys(desired)])) {
    if (name.startsWith('$') || name === componentMark) continue;
    const [wanted, told, time] = [member(desired, name), member(reported, name), member(times, name)];
    if (isComponent(wanted) || isComponent(told)) {
      values.push([name, viewPart(asObject(wanted), asObject(told), asObject(time))]);
      continue;
    }
    if (told !== undefined) values.push([name, isAnswer(told) ? (told['value'] ?? null) : told]);
    metadata.push([name, propertyMetadata(wanted, versionOf(desired), told, time)]);
  }
  return Object.fromEntries([...values, ['$metadata', Object.fromEntries(metadata)]]);
}

function propertyMetadata(
  wanted: JsonValue | undefined,
  version: JsonValue | undefined,
  told: JsonValue | undefined,
  time: JsonValue | undefined,
): JsonObject {
  const answer = told !== undefined && isAnswer(told) ? told : undefined;
  const updated = member(asObject(time), '$lastUpdated');
  return {
    ...(wanted !== undefined && { desiredValue: wanted }),
    ...(wanted !== undefined && version !== undefined && { desiredVersion: version }),
    ...(answer && {
      ackVersion: answer['av'] ?? null,
      ackCode: answer['ac'] ?? null,
      ackDescription: answer['ad'] ?? '',
    }),
    ...(updated !== undefined && { lastUpdateTime: updated }),
  };
}

/** The form in which a device acknowledges a writable property. */
function isAnswer(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && Object.hasOwn(value, 'ac') && Object.hasOwn(value, 'value');
}

function versionOf(desired: JsonObject): JsonValue | undefined {
  return member(desired, '$version');
}

function metadataOf(section: JsonObject): JsonObject {
  return asObject(member(section, '$metadata'));
}

function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value ?? null) ? (value as JsonObject) : {};
}
