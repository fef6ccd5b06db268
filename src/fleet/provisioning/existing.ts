import { quoteLiteral } from '../selection/glob-condition.ts';
import type { Hub } from '../ports.ts';
import type { Authentication, BulkDevice, DeviceIdentity } from '../../protocol/identity.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { pool } from '../../std/pool.ts';
import type { DeviceCertificate, DeviceRow } from './row.ts';

/** What the hub has of a device that a row names. */
export interface Existing {
  readonly status: string;
  readonly tags: JsonObject;
  readonly desired: JsonObject;
  /** Read only where a key or a status is to be compared or kept. */
  readonly identity?: DeviceIdentity;
}

/** The writes that bring a device to its row; empty when it is there already. */
export interface Difference {
  readonly changes: readonly string[];
  readonly identity: BulkDevice | undefined;
  readonly twin: BulkDevice | undefined;
}

const queryCharacters = 6_000;
const readsAtOnce = 8;

/** Reads twins of many devices by few queries, and identities where the row needs them. Devices that do not exist are absent. */
export async function readExisting(
  hub: Pick<Hub, 'queries' | 'devices'>,
  rows: readonly DeviceRow[],
  signal?: AbortSignal,
): Promise<Map<string, Existing>> {
  const found = new Map<string, Existing>();
  for (const ids of lots(rows)) {
    const query = `SELECT * FROM devices WHERE deviceId IN [${ids.join(', ')}]`;
    for await (const page of hub.queries.query(query, signal === undefined ? {} : { signal })) {
      for (const twin of page) readTwin(twin, found);
    }
  }
  const needed = rows.filter(
    (row) => (row.key ?? row.certificate) !== undefined || differsInStatus(row, found.get(row.deviceId)),
  );
  const reading = needed.filter((row) => found.has(row.deviceId));
  const read = async (row: DeviceRow): Promise<Error | undefined> => {
    try {
      const identity = await hub.devices.get(row.deviceId, signal);
      const twin = found.get(row.deviceId);
      if (twin !== undefined) found.set(row.deviceId, { ...twin, status: identity.status, identity });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  for await (const error of pool(reading, readsAtOnce, read, signal)) if (error !== undefined) throw error;
  return found;
}

function differsInStatus(row: DeviceRow, existing: Existing | undefined): boolean {
  return row.status !== undefined && existing !== undefined && existing.status !== row.status;
}

function* lots(rows: readonly DeviceRow[]): Generator<string[], void, undefined> {
  let lot: string[] = [];
  let characters = 0;
  for (const row of rows) {
    const literal = quoteLiteral(row.deviceId);
    lot.push(literal);
    characters += literal.length + 2;
    if (characters < queryCharacters) continue;
    yield lot;
    lot = [];
    characters = 0;
  }
  if (lot.length > 0) yield lot;
}

function readTwin(twin: JsonObject, found: Map<string, Existing>): void {
  const { deviceId, status, tags, properties } = twin;
  if (typeof deviceId !== 'string') return;
  const desired = isJsonObject(properties) ? properties['desired'] : undefined;
  found.set(deviceId, {
    status: typeof status === 'string' ? status : '',
    tags: isJsonObject(tags) ? tags : {},
    desired: isJsonObject(desired) ? desired : {},
  });
}

/** Compares a row with what the hub has. A row says nothing about what it does not name. */
export function difference(row: DeviceRow, existing: Existing): Difference {
  const changes: string[] = [];
  const identity = existing.identity;
  const keys = identity?.authentication.symmetricKey;
  if (row.status !== undefined && existing.status !== row.status) changes.push('status');
  if (row.key !== undefined && !sameKeys(row, keys)) changes.push('key');
  if (row.certificate !== undefined && !sameCertificate(row.certificate, identity?.authentication))
    changes.push('certificate');
  const changesIdentity = changes.length > 0;
  const tags = row.tags !== undefined && !holds(existing.tags, row.tags) ? row.tags : undefined;
  const desired = row.desired !== undefined && !holds(existing.desired, row.desired) ? row.desired : undefined;
  if (tags !== undefined) changes.push('tags');
  if (desired !== undefined) changes.push('desired');
  return {
    changes,
    identity: changesIdentity && identity !== undefined ? identityUpdate(row, identity) : undefined,
    twin:
      tags === undefined && desired === undefined
        ? undefined
        : { id: row.deviceId, importMode: 'updateTwin', ...twinContent({ tags, desired }) },
  };
}

function sameKeys(
  row: DeviceRow,
  keys: { primaryKey: string | null; secondaryKey: string | null } | undefined,
): boolean {
  return keys?.primaryKey === row.key && (row.secondaryKey === undefined || keys?.secondaryKey === row.secondaryKey);
}

/** A bulk update replaces the whole identity, so what the row does not name is sent back as it was read. */
function identityUpdate(row: DeviceRow, identity: DeviceIdentity): BulkDevice {
  const { symmetricKey } = identity.authentication;
  const secondaryKey = row.secondaryKey ?? symmetricKey.secondaryKey ?? row.key;
  const authentication = authenticationOf({ ...row, secondaryKey }) ?? identity.authentication;
  return {
    id: row.deviceId,
    importMode: 'updateIfMatchETag',
    eTag: identity.etag,
    status: row.status ?? identity.status,
    statusReason: identity.statusReason,
    authentication,
    capabilities: identity.capabilities,
  };
}

/** A new device as bulk registration takes it; without a key the hub makes both. */
export function creation(row: DeviceRow): BulkDevice {
  const authentication = authenticationOf(row);
  return {
    id: row.deviceId,
    importMode: 'create',
    status: row.status ?? 'enabled',
    ...(authentication === undefined ? {} : { authentication }),
    ...twinContent(row),
  };
}

function sameCertificate(certificate: DeviceCertificate, authentication: Authentication | undefined): boolean {
  if (certificate === 'authority') return authentication?.type === 'certificateAuthority';
  const { primaryThumbprint = null, secondaryThumbprint = null } = authentication?.x509Thumbprint ?? {};
  return (
    authentication?.type === 'selfSigned' &&
    primaryThumbprint?.toUpperCase() === certificate.primary.toUpperCase() &&
    (certificate.secondary === undefined || secondaryThumbprint?.toUpperCase() === certificate.secondary.toUpperCase())
  );
}

/** Undefined when the row says nothing of it. */
function authenticationOf({ key, secondaryKey, certificate }: DeviceRow): BulkDevice['authentication'] {
  if (key !== undefined) return { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: secondaryKey ?? key } };
  if (certificate === undefined) return undefined;
  if (certificate === 'authority') return { type: 'certificateAuthority' };
  const { primary, secondary = null } = certificate;
  return { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: primary, secondaryThumbprint: secondary } };
}

function twinContent(content: Pick<DeviceRow, 'tags' | 'desired'>): Pick<BulkDevice, 'tags' | 'properties'> {
  return {
    ...(content.tags === undefined ? {} : { tags: content.tags }),
    ...(content.desired === undefined ? {} : { properties: { desired: content.desired } }),
  };
}

/** True when merging `wanted` into `present` would change nothing; null stands for absent. */
function holds(present: JsonValue | undefined, wanted: JsonValue): boolean {
  if (wanted === null) return present === undefined || present === null;
  if (isJsonObject(wanted)) {
    return (
      isJsonObject(present) &&
      Object.entries(wanted).every(([name, value]) =>
        holds(Object.hasOwn(present, name) ? present[name] : undefined, value),
      )
    );
  }
  return JSON.stringify(present) === JSON.stringify(wanted);
}
