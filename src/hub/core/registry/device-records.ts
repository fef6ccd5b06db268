import { randomInt } from 'node:crypto';
import { emptySection } from '../../../protocol/twin/index.ts';
import type { DeviceRecord } from '../ports.ts';
import type { FirstTwin } from '../twins/twin-change.ts';
import type { IdentityDraft } from './identity-draft.ts';

/** From the year 1, where ticks are counted from, to Unix time 0. */
const millisToUnixEpoch = 62_135_596_800_000;

/** The record of a device that is created now, with the twin it begins with. */
export function newDeviceRecord(
  deviceId: string,
  draft: IdentityDraft,
  now: number,
  twin: FirstTwin = {},
): DeviceRecord {
  const empty = emptySection(now);
  return {
    ...draft,
    deviceId,
    generationId: newGenerationId(now),
    revision: 1,
    // A random start keeps an etag of a deleted device from matching the one that took its place.
    identityCounter: randomInt(1, 2 ** 31),
    twinCounter: 1,
    twinVersion: 1,
    statusUpdatedTime: 0,
    modelId: '',
    tags: twin.tags ?? {},
    desired: twin.desired ?? empty,
    reported: empty,
    connectionState: 'Disconnected',
    connectionStateUpdatedTime: 0,
    lastActivityTime: 0,
  };
}

/** The record after a full replace of its identity; the twin stays. */
export function replaceIdentity(record: DeviceRecord, draft: IdentityDraft, now: number): DeviceRecord {
  return {
    ...record,
    ...draft,
    revision: record.revision + 1,
    identityCounter: record.identityCounter + 1,
    statusUpdatedTime: draft.status === record.status ? record.statusUpdatedTime : now,
  };
}

/** 18 digits: the time in ticks of 100 ns with random last digits, so that two creates in one millisecond differ. */
function newGenerationId(now: number): string {
  return `${millisToUnixEpoch + now}${String(randomInt(10_000)).padStart(4, '0')}`;
}
