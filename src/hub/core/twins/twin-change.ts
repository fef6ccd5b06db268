import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { neverTime } from '../../../protocol/identity.ts';
import {
  checkTwinContent,
  contentOf,
  mergeContent,
  patchSection,
  replaceSection,
  twinLimits,
  type TwinSection,
} from '../../../protocol/twin/index.ts';
import type { DeviceRecord } from '../ports.ts';
import { fieldsOf, type Fields } from '../untrusted.ts';

/** What the first content of a twin replaces. */
const beforeFirst: TwinSection = { content: {}, version: 0, metadata: { $lastUpdated: neverTime } };

/** What a service asks to change: content without `$version` and `$metadata`. Absent parts are undefined. */
export interface TwinDraft {
  readonly tags: JsonObject | undefined;
  readonly desired: JsonObject | undefined;
}

/** Reads `tags` and `properties.desired`; everything else in the body is ignored (service.md §3.1). Failure: ArgumentInvalid. */
export function parseTwinDraft(fields: Fields): TwinDraft {
  const properties = fields.get('properties');
  const desired = properties === undefined ? undefined : fieldsOf(properties, 'properties').get('desired');
  return { tags: readContent(fields.get('tags'), 'tags'), desired: readContent(desired, 'properties.desired') };
}

/**
 * A section that is null in a patch is emptied: the draft deletes each of its keys, so that devices hear which ones went.
 * `body` is what the draft was read from; it is a JSON object.
 */
export function clearNulledSections(draft: TwinDraft, body: unknown, record: DeviceRecord): TwinDraft {
  const { tags, properties } = body as {
    readonly tags?: unknown;
    readonly properties?: { readonly desired?: unknown };
  };
  return {
    tags: tags === null ? nullsFor(record.tags) : draft.tags,
    desired: properties?.desired === null ? nullsFor(record.desired.content) : draft.desired,
  };
}

function nullsFor(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(content).map((key) => [key, null]));
}

function readContent(value: JsonValue | undefined, name: string): JsonObject | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', `${name} must be a JSON object.`);
  return contentOf(value);
}

/** The content a device is created with; absent parts are empty. */
export interface FirstTwin {
  readonly tags?: JsonObject | undefined;
  readonly desired?: TwinSection | undefined;
}

/** What a device is created with. Its first content belongs to the creation: the versions are those of a new twin. */
export function firstTwin({ tags, desired }: TwinDraft, now: number): FirstTwin {
  if (tags !== undefined) checkTags(tags, false);
  if (desired === undefined) return { tags };
  checkDesired(desired, false);
  return { tags, desired: replaceSection(beforeFirst, desired, { now, stampVersions: true }) };
}

/** The record after a merge; null deletes. A small patch can make a large whole, so both are checked. Source: device.md §6. */
export function mergeTwin(record: DeviceRecord, draft: TwinDraft, now: number): DeviceRecord {
  let { tags, desired } = record;
  if (draft.tags !== undefined) {
    checkTags(draft.tags, true);
    tags = mergeContent(tags, draft.tags);
    checkTags(tags, false);
  }
  if (draft.desired !== undefined) {
    checkDesired(draft.desired, true);
    desired = patchSection(desired, draft.desired, { now, stampVersions: true });
    checkDesired(desired.content, false);
  }
  return { ...countWrite(record), tags, desired };
}

/** The record after a replace: parts that are absent become empty. Source: service.md §3.1. */
export function replaceTwin(record: DeviceRecord, draft: TwinDraft, now: number): DeviceRecord {
  const { tags = {}, desired = {} } = draft;
  checkTags(tags, false);
  checkDesired(desired, false);
  return {
    ...countWrite(record),
    tags,
    desired: replaceSection(record.desired, desired, { now, stampVersions: true }),
  };
}

/** The record after the device merged its reported properties. They count in the version, not in the etag. */
export function mergeReported(record: DeviceRecord, patch: JsonObject, now: number): DeviceRecord {
  const rules = { maxBytes: twinLimits.reportedBytes, name: 'properties.reported' };
  checkTwinContent(patch, { ...rules, allowNull: true });
  const reported = patchSection(record.reported, patch, { now, stampVersions: false });
  checkTwinContent(reported.content, { ...rules, allowNull: false });
  return { ...record, revision: record.revision + 1, twinVersion: record.twinVersion + 1, reported };
}

function countWrite(record: DeviceRecord): DeviceRecord {
  return {
    ...record,
    revision: record.revision + 1,
    twinCounter: record.twinCounter + 1,
    twinVersion: record.twinVersion + 1,
  };
}

function checkTags(tags: JsonObject, allowNull: boolean): void {
  checkTwinContent(tags, { maxBytes: twinLimits.tagsBytes, allowNull, name: 'tags' });
}

function checkDesired(desired: JsonObject, allowNull: boolean): void {
  checkTwinContent(desired, { maxBytes: twinLimits.desiredBytes, allowNull, name: 'properties.desired' });
}
