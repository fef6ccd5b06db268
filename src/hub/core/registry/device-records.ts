import { randomInt } from 'node:crypto';
import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import { emptySection } from '../../../protocol/twin/index.ts';
import type { DeviceRecord, RegistryChange } from '../ports.ts';
import type { FirstTwin } from '../twins/twin-change.ts';
import { nextScopes, type Scopes } from './device-scopes.ts';
import type { IdentityDraft } from './identity-draft.ts';

/** From the year 1, where ticks are counted from, to Unix time 0. */
const millisToUnixEpoch = 62_135_596_800_000;

/** The record of an identity that is created now, with the twin it begins with. */
export function newRecord(
  identity: IdentityPath,
  draft: IdentityDraft,
  now: number,
  twin: FirstTwin = {},
): DeviceRecord {
  const empty = emptySection(now);
  const { deviceId, moduleId } = identityNames(identity);
  const generationId = ticksAt(now);
  const { deviceScope, parentScopes } = nextScopes(deviceId, draft, undefined, generationId);
  // Member by member: with ten thousand at once, spreading four objects into each costs more than their keys.
  return {
    deviceId,
    moduleId,
    status: draft.status,
    statusReason: draft.statusReason,
    authType: draft.authType,
    primaryKey: draft.primaryKey,
    secondaryKey: draft.secondaryKey,
    primaryThumbprint: draft.primaryThumbprint,
    secondaryThumbprint: draft.secondaryThumbprint,
    iotEdge: draft.iotEdge,
    managedBy: draft.managedBy,
    deviceScope,
    parentScopes,
    generationId,
    revision: 1,
    // A random start keeps an etag of a deleted identity from matching the one that took its place.
    identityCounter: randomInt(1, 2 ** 31),
    twinCounter: 1,
    twinVersion: 1,
    statusUpdatedTime: 0,
    modelId: '',
    tags: twin.tags ?? {},
    desired: twin.desired ?? empty,
    reported: empty,
    configurations: {},
    connectionState: 'Disconnected',
    connectionStateUpdatedTime: 0,
    lastActivityTime: 0,
  };
}

/** The record after a full replace of its identity; the twin stays. Failure: HubError InvalidDeviceScope. */
export function replaceIdentity(record: DeviceRecord, draft: IdentityDraft, now: number): DeviceRecord {
  const scopes: Scopes = record.moduleId === '' ? nextScopes(record.deviceId, draft, record, ticksAt(now)) : record;
  return {
    ...record,
    ...writableOf(draft),
    deviceScope: scopes.deviceScope,
    parentScopes: scopes.parentScopes,
    revision: record.revision + 1,
    identityCounter: record.identityCounter + 1,
    statusUpdatedTime: draft.status === record.status ? record.statusUpdatedTime : now,
  };
}

const systemModules = ['$edgeAgent', '$edgeHub'] as const;

/** The modules every edge device has, for one that has just become an edge device. Source: service.md §2.5. */
export function systemModuleInserts(
  before: DeviceRecord | undefined,
  after: DeviceRecord,
  now: number,
): readonly RegistryChange[] {
  if (!after.iotEdge || before?.iotEdge === true) return [];
  return systemModules.map((moduleId) => ({
    kind: 'insert',
    record: newRecord(`${after.deviceId}/${moduleId}`, systemDraft, now),
  }));
}

const systemDraft: IdentityDraft = {
  status: 'enabled',
  statusReason: null,
  iotEdge: false,
  managedBy: 'iotEdge',
  scopes: { deviceScope: undefined, parentScopes: undefined },
  authType: 'none',
  primaryKey: null,
  secondaryKey: null,
  primaryThumbprint: null,
  secondaryThumbprint: null,
};

/** What a record takes over from a draft; scopes have rules of their own. */
function writableOf(draft: IdentityDraft): Omit<IdentityDraft, 'scopes'> {
  const { status, statusReason, authType, iotEdge, managedBy } = draft;
  const { primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint } = draft;
  const credentials = { authType, primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint };
  return { status, statusReason, iotEdge, managedBy, ...credentials };
}

/** 18 digits: the time in ticks of 100 ns with random last digits, so that two creates in one millisecond differ. */
function ticksAt(now: number): string {
  return `${millisToUnixEpoch + now}${String(randomInt(10_000)).padStart(4, '0')}`;
}
