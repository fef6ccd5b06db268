import type { Authentication, DeviceStatus } from '../../protocol/identity.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** An identity and its twin as a file of a fleet has it. What is absent was not written down. */
export interface FleetRow {
  readonly kind: 'identity';
  readonly deviceId: string;
  /** Empty for the device itself. */
  readonly moduleId: string;
  /** Line of the file, from 1. */
  readonly line?: number | undefined;
  readonly status?: DeviceStatus | undefined;
  readonly statusReason?: string | undefined;
  readonly authentication?: Partial<Authentication> | undefined;
  readonly iotEdge?: boolean | undefined;
  readonly deviceScope?: string | undefined;
  readonly parentScopes?: readonly string[] | undefined;
  readonly managedBy?: string | undefined;
  readonly tags?: JsonObject | undefined;
  readonly desired?: JsonObject | undefined;
  /** For reading only: nobody but the device writes it. */
  readonly reported?: JsonObject | undefined;
}

/** A line that says no identity. */
export interface BadFleetRow {
  readonly kind: 'bad';
  readonly line: number;
  readonly deviceId: string;
  readonly reason: string;
}

/** The row of a twin as a query answers it; keys are not in it. */
export function rowOfTwin(twin: JsonObject): FleetRow {
  const properties = isJsonObject(twin['properties']) ? twin['properties'] : {};
  const capabilities = isJsonObject(twin['capabilities']) ? twin['capabilities'] : {};
  const parentScopes = twin['parentScopes'];
  const isModule = typeof twin['moduleId'] === 'string' && twin['moduleId'] !== '';
  return {
    kind: 'identity',
    deviceId: textOf(twin['deviceId']) ?? '',
    moduleId: textOf(twin['moduleId']) ?? '',
    ...(!isModule && { status: twin['status'] === 'disabled' ? 'disabled' : 'enabled' }),
    statusReason: textOf(twin['statusReason']),
    authentication: authenticationOf(twin),
    ...(!isModule && { iotEdge: capabilities['iotEdge'] === true }),
    deviceScope: textOf(twin['deviceScope']),
    ...(Array.isArray(parentScopes) && {
      parentScopes: parentScopes.filter((scope): scope is string => typeof scope === 'string'),
    }),
    tags: contentOf(twin['tags']),
    desired: contentOf(properties['desired']),
    reported: contentOf(properties['reported']),
  };
}

function authenticationOf(twin: JsonObject): Partial<Authentication> {
  const type = (textOf(twin['authenticationType']) ?? 'sas') as Authentication['type'];
  const thumbprints = isJsonObject(twin['x509Thumbprint']) ? twin['x509Thumbprint'] : {};
  if (type !== 'selfSigned') return { type };
  const primaryThumbprint = textOf(thumbprints['primaryThumbprint']) ?? null;
  const secondaryThumbprint = textOf(thumbprints['secondaryThumbprint']) ?? null;
  return { type, x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
}

/** A section of a twin without what the hub adds. */
export function contentOf(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) return {};
  const { $metadata: _metadata, $version: _version, ...content } = value;
  return content;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The row as a line of NDJSON, in the words of Azure's `devices.txt` (service.md §2.7). */
export function lineOfRow(row: FleetRow): JsonObject {
  const line: JsonObject = { id: row.deviceId };
  const add = (name: string, value: JsonValue | undefined): void => {
    if (value !== undefined) line[name] = value;
  };
  add('moduleId', row.moduleId === '' ? undefined : row.moduleId);
  add('status', row.status);
  add('statusReason', row.statusReason);
  add('authentication', row.authentication as unknown as JsonObject | undefined);
  add('capabilities', row.iotEdge === undefined ? undefined : { iotEdge: row.iotEdge });
  add('deviceScope', row.deviceScope);
  add('parentScopes', row.parentScopes === undefined ? undefined : [...row.parentScopes]);
  add('managedBy', row.managedBy);
  add('tags', row.tags);
  if (row.desired !== undefined || row.reported !== undefined) {
    line['properties'] = {
      ...(row.desired !== undefined && { desired: row.desired }),
      ...(row.reported !== undefined && { reported: row.reported }),
    };
  }
  return line;
}
