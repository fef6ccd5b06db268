import type { Authentication, BulkDevice, DeviceIdentity, ModuleIdentity } from '../../protocol/identity.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import { contentOf, type FleetRow } from '../export/fleet-row.ts';

/** What the hub has of an identity: its twin, and its identity where the row says something that only that knows. */
export interface PresentIdentity {
  readonly twin: JsonObject;
  readonly identity: DeviceIdentity | ModuleIdentity | undefined;
}

/** The scopes a row shall have, as the hub that it goes to knows them. */
export type RowScopes = Pick<BulkDevice, 'deviceScope' | 'parentScopes'>;

/** A new identity as a bulk takes it; without keys in the row the hub makes them. */
export function creationOf(row: FleetRow, scopes: RowScopes): BulkDevice {
  return {
    ...namesOf(row),
    importMode: 'create',
    ...(row.status !== undefined && { status: row.status }),
    ...(row.statusReason !== undefined && { statusReason: row.statusReason }),
    ...(row.authentication !== undefined && { authentication: row.authentication }),
    ...(row.iotEdge !== undefined && row.moduleId === '' && { capabilities: { iotEdge: row.iotEdge } }),
    ...(row.managedBy !== undefined && { managedBy: row.managedBy }),
    ...scopes,
    ...(row.tags !== undefined && { tags: row.tags }),
    ...(row.desired !== undefined && { properties: { desired: row.desired } }),
  };
}

/** The writes that bring an identity to its row, and what they change; nothing when it is there already. */
export interface RowChanges {
  readonly changes: readonly string[];
  readonly identity: BulkDevice | undefined;
  readonly twin: BulkDevice | undefined;
}

/** True when the twin alone does not tell whether the identity is as the row says. */
export function needsIdentity(row: FleetRow, twin: JsonObject): boolean {
  return (
    row.authentication?.symmetricKey !== undefined || identityChanges(row, { twin, identity: undefined }, {}).length > 0
  );
}

/** Compares a row with what is there. A row says nothing about what it does not name; what it names, it names whole. */
export function changesOf(row: FleetRow, present: PresentIdentity, scopes: RowScopes): RowChanges {
  const ofIdentity = identityChanges(row, present, scopes);
  const tags = patchOf(contentOf(present.twin['tags']), row.tags);
  const properties = isJsonObject(present.twin['properties']) ? present.twin['properties'] : {};
  const desired = patchOf(contentOf(properties['desired']), row.desired);
  const changes = [
    ...ofIdentity,
    ...(tags === undefined ? [] : ['tags']),
    ...(desired === undefined ? [] : ['desired']),
  ];
  return {
    changes,
    identity:
      ofIdentity.length > 0 && present.identity !== undefined ? updateOf(row, present.identity, scopes) : undefined,
    twin:
      tags === undefined && desired === undefined
        ? undefined
        : {
            ...namesOf(row),
            importMode: 'updateTwin',
            ...(tags !== undefined && { tags }),
            ...(desired !== undefined && { properties: { desired } }),
          },
  };
}

function identityChanges(row: FleetRow, { twin, identity }: PresentIdentity, scopes: RowScopes): string[] {
  const changes: string[] = [];
  const { authentication } = row;
  if (row.moduleId === '') {
    const capabilities = isJsonObject(twin['capabilities']) ? twin['capabilities'] : {};
    if (row.status !== undefined && twin['status'] !== row.status) changes.push('status');
    if (row.statusReason !== undefined && twin['statusReason'] !== row.statusReason) changes.push('statusReason');
    if (row.iotEdge !== undefined && (capabilities['iotEdge'] === true) !== row.iotEdge) changes.push('iotEdge');
    if (!sameParents(twin, scopes)) changes.push('parent');
  }
  if (authentication === undefined) return changes;
  const thumbprints = authentication.x509Thumbprint;
  if (authentication.type !== undefined && twin['authenticationType'] !== authentication.type)
    changes.push('authentication');
  else if (authentication.type === 'selfSigned' && thumbprints !== undefined && !sameThumbprints(twin, thumbprints))
    changes.push('thumbprints');
  else if (
    authentication.symmetricKey !== undefined &&
    identity !== undefined &&
    !sameKeys(identity, authentication.symmetricKey)
  )
    changes.push('keys');
  return changes;
}

function sameParents(twin: JsonObject, { deviceScope, parentScopes }: RowScopes): boolean {
  const wanted = parentScopes ?? (deviceScope === undefined ? undefined : [deviceScope]);
  if (wanted === undefined) return true;
  return JSON.stringify(twin['parentScopes'] ?? []) === JSON.stringify(wanted);
}

function sameThumbprints(twin: JsonObject, wanted: Authentication['x509Thumbprint']): boolean {
  const present = isJsonObject(twin['x509Thumbprint']) ? twin['x509Thumbprint'] : {};
  return (['primaryThumbprint', 'secondaryThumbprint'] as const).every(
    (name) => upperCase(present[name]) === upperCase(wanted[name]),
  );
}

function upperCase(value: unknown): string {
  return typeof value === 'string' ? value.toUpperCase() : '';
}

function sameKeys(
  { authentication }: DeviceIdentity | ModuleIdentity,
  wanted: Authentication['symmetricKey'],
): boolean {
  const { primaryKey, secondaryKey } = authentication.symmetricKey;
  return primaryKey === wanted.primaryKey && secondaryKey === wanted.secondaryKey;
}

/** A bulk update replaces the whole identity, so what the row does not name is sent back as it was read. */
function updateOf(row: FleetRow, present: DeviceIdentity | ModuleIdentity, scopes: RowScopes): BulkDevice {
  const authentication = row.authentication === undefined ? present.authentication : mergedAuthentication(row, present);
  const common = { ...namesOf(row), importMode: 'updateIfMatchETag', eTag: present.etag, authentication } as const;
  if (!('status' in present)) {
    const managedBy = row.managedBy ?? present.managedBy;
    return { ...common, ...(managedBy !== undefined && { managedBy }) };
  }
  return {
    ...common,
    status: row.status ?? present.status,
    statusReason: row.statusReason ?? present.statusReason,
    capabilities: row.iotEdge === undefined ? present.capabilities : { iotEdge: row.iotEdge },
    ...(present.deviceScope !== undefined && { deviceScope: present.deviceScope }),
    ...(present.parentScopes !== undefined && { parentScopes: present.parentScopes }),
    ...scopes,
    // The scope that an edge device owns stays with it.
    ...(present.capabilities.iotEdge && present.deviceScope !== undefined && { deviceScope: present.deviceScope }),
  };
}

/** Keys stay when the row brings none and the way to prove oneself is the same. */
function mergedAuthentication(
  row: FleetRow,
  { authentication }: DeviceIdentity | ModuleIdentity,
): Partial<Authentication> {
  const wanted = row.authentication ?? {};
  const type = wanted.type ?? authentication.type;
  if (type !== authentication.type) return { ...wanted, type };
  return {
    type,
    symmetricKey: wanted.symmetricKey ?? authentication.symmetricKey,
    x509Thumbprint: wanted.x509Thumbprint ?? authentication.x509Thumbprint,
  };
}

function namesOf(row: FleetRow): Pick<BulkDevice, 'id' | 'moduleId'> {
  return row.moduleId === '' ? { id: row.deviceId } : { id: row.deviceId, moduleId: row.moduleId };
}

/** The merge patch that makes `present` into `wanted`; undefined when it is that already, or when nothing is wanted. */
function patchOf(present: JsonObject, wanted: JsonObject | undefined): JsonObject | undefined {
  if (wanted === undefined) return undefined;
  const patch: JsonObject = {};
  for (const name of Object.keys(present)) if (!Object.hasOwn(wanted, name)) patch[name] = null;
  for (const [name, value] of Object.entries(wanted)) {
    const before = Object.hasOwn(present, name) ? present[name] : undefined;
    if (isJsonObject(value) && isJsonObject(before)) {
      const inner = patchOf(before, value);
      if (inner !== undefined) patch[name] = inner;
    } else if (!same(before, value)) {
      patch[name] = value;
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function same(left: unknown, right: unknown): boolean {
  if (isJsonObject(left) && isJsonObject(right)) return patchOf(left, right) === undefined;
  return JSON.stringify(left) === JSON.stringify(right);
}
