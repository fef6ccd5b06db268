/** Records as rows and back. The order of {@link recordColumns} is the order of the values of a row. */
import type { JsonObject } from '../../../std/json.ts';
import type { AuthenticationType, ConnectionState, DeviceStatus } from '../../../protocol/identity.ts';
import { identityNames, identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { TwinMetadata } from '../../../protocol/twin/index.ts';
import type { DeviceRecord, IdentityCredentials } from '../../core/ports.ts';
import { checksumOf, isIntact, requireIntact } from './checksums.ts';
import type { IdentityTable, TwinTable } from './schema.ts';
import type { SqlValue } from './thread/messages.ts';

/** Only set by an insert and by `touch`. */
export const connectionColumns = ['connection_state', 'connection_state_updated_time', 'last_activity_time'] as const;

export const identityColumns = [
  'device_id',
  'generation_id',
  'revision',
  'identity_counter',
  'twin_counter',
  'twin_version',
  'status',
  'status_reason',
  'status_updated_time',
  'auth_type',
  'primary_key',
  'secondary_key',
  'primary_thumbprint',
  'secondary_thumbprint',
  'iot_edge',
  'model_id',
  ...connectionColumns,
  'module_id',
  'managed_by',
  'device_scope',
  'parent_scopes',
] as const satisfies readonly Exclude<keyof IdentityTable, 'id'>[];

export const twinColumns = [
  'tags',
  'desired',
  'desired_version',
  'desired_metadata',
  'reported',
  'reported_version',
  'reported_metadata',
  'configurations',
  'checksum',
] as const satisfies readonly Exclude<keyof TwinTable, 'id'>[];

export const recordColumns = [...identityColumns, ...twinColumns] as const;

/** What the checksum of a record is of: the columns of a connection change without it. */
const summedColumns = recordColumns.filter(
  (column) => column !== 'checksum' && !(connectionColumns as readonly string[]).includes(column),
);
const summedPlaces = summedColumns.map((column) => recordColumns.indexOf(column));

/** Whether a row of {@link recordColumns} is as it was written. */
export function isRecordIntact(row: readonly SqlValue[]): boolean {
  return isIntact(row.at(-1), summedOf(row));
}

function summedOf(row: readonly SqlValue[]): SqlValue[] {
  return summedPlaces.map((place) => row[place] ?? null);
}

/** The values that name an identity. */
export function nameValues(identity: IdentityPath): { readonly device_id: string; readonly module_id: string } {
  const { deviceId, moduleId } = identityNames(identity);
  return { device_id: deviceId, module_id: moduleId };
}

/** The values of {@link recordColumns}, by name. */
export function recordValues(record: DeviceRecord): Record<(typeof recordColumns)[number], SqlValue> {
  // Filled in place: a fleet that is provisioned makes ten thousand of these in a second.
  const values: Record<(typeof recordColumns)[number], SqlValue> = {
    checksum: null,
    device_id: record.deviceId,
    generation_id: record.generationId,
    revision: record.revision,
    identity_counter: record.identityCounter,
    twin_counter: record.twinCounter,
    twin_version: record.twinVersion,
    status: record.status,
    status_reason: record.statusReason,
    status_updated_time: record.statusUpdatedTime,
    auth_type: record.authType,
    primary_key: record.primaryKey,
    secondary_key: record.secondaryKey,
    primary_thumbprint: record.primaryThumbprint,
    secondary_thumbprint: record.secondaryThumbprint,
    iot_edge: record.iotEdge ? 1 : 0,
    model_id: record.modelId,
    connection_state: record.connectionState,
    connection_state_updated_time: record.connectionStateUpdatedTime,
    last_activity_time: record.lastActivityTime,
    module_id: record.moduleId,
    managed_by: record.managedBy,
    device_scope: record.deviceScope,
    parent_scopes: JSON.stringify(record.parentScopes),
    tags: JSON.stringify(record.tags),
    desired: JSON.stringify(record.desired.content),
    desired_version: record.desired.version,
    desired_metadata: JSON.stringify(record.desired.metadata),
    reported: JSON.stringify(record.reported.content),
    reported_version: record.reported.version,
    reported_metadata: JSON.stringify(record.reported.metadata),
    configurations: JSON.stringify(record.configurations),
  };
  values.checksum = checksumOf(summedColumns.map((column) => values[column]));
  return values;
}

/** What is read of an identity that connects. */
export const credentialColumns = [
  'generation_id',
  'identity_counter',
  'auth_type',
  'primary_key',
  'secondary_key',
  'primary_thumbprint',
  'secondary_thumbprint',
] as const;

/** Reads a row of {@link credentialColumns} and the status of the device. */
export function toCredentials(row: readonly SqlValue[]): IdentityCredentials {
  const [generationId, identityCounter, authType, primaryKey, secondaryKey] = row;
  const [primaryThumbprint, secondaryThumbprint, status] = row.slice(5);
  return {
    generationId: generationId as string,
    identityCounter: identityCounter as number,
    authType: authType as AuthenticationType,
    primaryKey: primaryKey as string | null,
    secondaryKey: secondaryKey as string | null,
    primaryThumbprint: primaryThumbprint as string | null,
    secondaryThumbprint: secondaryThumbprint as string | null,
    status: status as DeviceStatus,
  };
}

/** Reads a row of {@link recordColumns}. Failure `data-unusable` for one that is damaged. */
export function toRecord(row: readonly SqlValue[]): DeviceRecord {
  requireIntact(row.at(-1), summedOf(row), `the record of ${identityPath(String(row[0]), String(row[19]))}`);
  const [deviceId, generationId, revision, identityCounter, twinCounter, twinVersion] = row;
  const [status, statusReason, statusUpdatedTime, authType] = row.slice(6);
  const [primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint, iotEdge, modelId] = row.slice(10);
  const [connectionState, connectionStateUpdatedTime, lastActivityTime] = row.slice(16);
  const [moduleId, managedBy, deviceScope, parentScopes] = row.slice(19);
  const [tags, desired, desiredVersion, desiredMetadata, reported, reportedVersion, reportedMetadata, configurations] =
    row.slice(23);
  // The columns are NOT NULL and STRICT, and only this room writes them.
  return {
    deviceId: deviceId as string,
    moduleId: moduleId as string,
    generationId: generationId as string,
    revision: revision as number,
    identityCounter: identityCounter as number,
    twinCounter: twinCounter as number,
    twinVersion: twinVersion as number,
    status: status as DeviceStatus,
    statusReason: statusReason as string | null,
    statusUpdatedTime: statusUpdatedTime as number,
    authType: authType as AuthenticationType,
    primaryKey: primaryKey as string | null,
    secondaryKey: secondaryKey as string | null,
    primaryThumbprint: primaryThumbprint as string | null,
    secondaryThumbprint: secondaryThumbprint as string | null,
    iotEdge: iotEdge === 1,
    managedBy: managedBy as string | null,
    deviceScope: deviceScope as string | null,
    parentScopes: JSON.parse(parentScopes as string) as readonly string[],
    modelId: modelId as string,
    connectionState: connectionState as ConnectionState,
    connectionStateUpdatedTime: connectionStateUpdatedTime as number,
    lastActivityTime: lastActivityTime as number,
    tags: JSON.parse(tags as string) as JsonObject,
    desired: toSection(desired, desiredVersion, desiredMetadata),
    reported: toSection(reported, reportedVersion, reportedMetadata),
    configurations: JSON.parse(configurations as string) as JsonObject,
  };
}

function toSection(
  content: SqlValue | undefined,
  version: SqlValue | undefined,
  metadata: SqlValue | undefined,
): DeviceRecord['desired'] {
  return {
    content: JSON.parse(content as string) as JsonObject,
    version: version as number,
    metadata: JSON.parse(metadata as string) as TwinMetadata,
  };
}
