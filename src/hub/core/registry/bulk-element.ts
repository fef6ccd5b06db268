import { HubError } from '../../../protocol/hub-errors.ts';
import type { BulkDevice } from '../../../protocol/identity.ts';
import { identityPath, isModulePath, type IdentityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeviceRecord, RegistryChange } from '../ports.ts';
import { firstTwin, mergeTwin, parseTwinDraft, replaceTwin, type TwinDraft } from '../twins/twin-change.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';
import { newRecord, replaceIdentity, systemModuleInserts } from './device-records.ts';
import { checkIds, isSystemModule } from './identity-body.ts';
import { parseIdentityDraft, parseModuleDraft, type IdentityDraft } from './identity-draft.ts';
import { checkIdentityEtag, checkTwinEtag, identityExists, registryNotFound } from './preconditions.ts';

type ImportMode = BulkDevice['importMode'];

const importModes: readonly ImportMode[] = [
  'create',
  'update',
  'updateIfMatchETag',
  'createOrUpdate',
  'createOrUpdateIfMatchETag',
  'delete',
  'deleteIfMatchETag',
  'updateTwin',
  'updateTwinIfMatchETag',
];

/** One element of a bulk request that could be read. */
export interface BulkElement {
  readonly identity: IdentityPath;
  readonly mode: ImportMode;
  readonly fields: Fields;
}

/** The ids of an element for its error, as far as it can be told. */
export function elementNames(value: unknown): IdentityNames {
  try {
    return readNames(fieldsOf(value, 'element'));
  } catch {
    return { deviceId: '', moduleId: '' };
  }
}

function readNames(fields: Fields): IdentityNames {
  return { deviceId: stringField(fields, 'id') ?? '', moduleId: stringField(fields, 'moduleId') ?? '' };
}

/** Reads id and mode. Failure: HubError ArgumentInvalid. */
export function parseElement(value: unknown): BulkElement {
  const fields = fieldsOf(value, 'An element');
  const names = readNames(fields);
  checkIds(names);
  const identity = identityPath(names.deviceId, names.moduleId);
  const mode = wordField(fields, 'importMode', importModes);
  if (mode === undefined) throw new HubError('ArgumentInvalid', 'importMode is missing.');
  if (isSystemModule(identity) && !isTwinMode(mode))
    throw new HubError('ArgumentInvalid', 'Module ids that begin with $ are reserved.');
  return { identity, mode, fields };
}

/** What an element does to the record it found. `notice` is the desired patch a connected device must hear of. */
export interface Planned {
  readonly change: RegistryChange;
  /** Written with it: the system modules of a new edge device. */
  readonly also: readonly RegistryChange[];
  readonly before: DeviceRecord | undefined;
  readonly after: DeviceRecord | undefined;
  readonly notice: JsonObject | undefined;
}

/** Decides what an element does; throws HubError when it must not. Source: service.md §2.7. */
export function planElement(element: BulkElement, before: DeviceRecord | undefined, now: number): Planned {
  const { identity, mode } = element;
  checkPresence(element, before);
  checkEtag(element, before);
  if (mode === 'delete' || mode === 'deleteIfMatchETag') {
    if (before === undefined) throw registryNotFound(identity);
    return {
      change: { kind: 'delete', identity, expected: before.revision },
      also: [],
      before,
      after: undefined,
      notice: undefined,
    };
  }
  return before === undefined ? planCreate(element, now) : planUpdate(element, before, now);
}

function checkPresence({ identity, mode }: BulkElement, before: DeviceRecord | undefined): void {
  if (mode === 'create' && before !== undefined) throw identityExists(identity);
  if (!mayCreate(mode) && before === undefined) throw registryNotFound(identity);
}

function mayCreate(mode: ImportMode): boolean {
  return mode === 'create' || mode === 'createOrUpdate' || mode === 'createOrUpdateIfMatchETag';
}

function isTwinMode(mode: ImportMode): boolean {
  return mode === 'updateTwin' || mode === 'updateTwinIfMatchETag';
}

function draftOf({ identity, fields }: BulkElement): IdentityDraft {
  return isModulePath(identity) ? parseModuleDraft(fields) : parseIdentityDraft(fields);
}

function checkEtag({ mode, fields }: BulkElement, before: DeviceRecord | undefined): void {
  if (before === undefined || !mode.endsWith('IfMatchETag')) return;
  const name = mode === 'updateTwinIfMatchETag' ? 'twinETag' : 'eTag';
  const etag = stringField(fields, name)?.replace(/^"(.*)"$/, '$1');
  if (etag === undefined || etag === '') throw new HubError('ArgumentInvalid', `${mode} needs ${name}.`);
  if (mode === 'updateTwinIfMatchETag') checkTwinEtag(before, etag);
  else checkIdentityEtag(before, etag);
}

function planCreate(element: BulkElement, now: number): Planned {
  const { identity, fields } = element;
  const record = newRecord(identity, draftOf(element), now, firstTwin(parseTwinDraft(fields), now));
  const also = systemModuleInserts(undefined, record, now);
  return { change: { kind: 'insert', record }, also, before: undefined, after: record, notice: undefined };
}

function planUpdate(element: BulkElement, before: DeviceRecord, now: number): Planned {
  const twin = parseTwinDraft(element.fields);
  const twinOnly = isTwinMode(element.mode);
  let after = twinOnly ? mergeTwin(before, twin, now) : replaceIdentity(before, draftOf(element), now);
  if (!twinOnly && hasContent(twin)) after = overwriteTwin(after, twin, now);
  // One write of the record, however many of its parts changed.
  const record = { ...after, revision: before.revision + 1 };
  return {
    change: { kind: 'replace', record, expected: before.revision },
    also: systemModuleInserts(before, record, now),
    before,
    after: record,
    notice: twin.desired,
  };
}

/** An import overwrites the parts of the twin it brings and leaves the others. */
function overwriteTwin(record: DeviceRecord, twin: TwinDraft, now: number): DeviceRecord {
  const replaced = replaceTwin(record, { tags: twin.tags ?? record.tags, desired: twin.desired ?? {} }, now);
  return twin.desired === undefined ? { ...replaced, desired: record.desired } : replaced;
}

function hasContent(twin: TwinDraft): boolean {
  return twin.tags !== undefined || twin.desired !== undefined;
}
