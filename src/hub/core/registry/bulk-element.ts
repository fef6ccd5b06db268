import { HubError } from '../../../protocol/hub-errors.ts';
import { deviceIdProblem } from '../../../protocol/device-id.ts';
import type { BulkDevice } from '../../../protocol/identity.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeviceRecord, RegistryChange } from '../ports.ts';
import { firstTwin, mergeTwin, parseTwinDraft, replaceTwin, type TwinDraft } from '../twins/twin-change.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';
import { newDeviceRecord, replaceIdentity } from './device-records.ts';
import { parseIdentityDraft } from './identity-draft.ts';
import { checkIdentityEtag, checkTwinEtag, deviceExists, deviceNotFound } from './preconditions.ts';

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
  readonly deviceId: string;
  readonly mode: ImportMode;
  readonly fields: Fields;
}

/** The id of an element for its error, as far as it can be told. */
export function elementId(value: unknown): string {
  try {
    return stringField(fieldsOf(value, 'element'), 'id') ?? '';
  } catch {
    return '';
  }
}

/** Reads id and mode. Failure: HubError ArgumentInvalid. */
export function parseElement(value: unknown): BulkElement {
  const fields = fieldsOf(value, 'An element');
  const deviceId = stringField(fields, 'id') ?? '';
  const problem = deviceIdProblem(deviceId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The device id ${problem}.`);
  if (fields.has('moduleid')) throw new HubError('FeatureNotSupported', 'This hub has no modules.');
  const mode = wordField(fields, 'importMode', importModes);
  if (mode === undefined) throw new HubError('ArgumentInvalid', 'importMode is missing.');
  return { deviceId, mode, fields };
}

/** What an element does to the record it found. `notice` is the desired patch a connected device must hear of. */
export interface Planned {
  readonly change: RegistryChange;
  readonly before: DeviceRecord | undefined;
  readonly after: DeviceRecord | undefined;
  readonly notice: JsonObject | undefined;
}

/** Decides what an element does; throws HubError when it must not. Source: service.md §2.7. */
export function planElement(element: BulkElement, before: DeviceRecord | undefined, now: number): Planned {
  const { deviceId, mode } = element;
  checkPresence(element, before);
  checkEtag(element, before);
  if (mode === 'delete' || mode === 'deleteIfMatchETag') {
    if (before === undefined) throw deviceNotFound(deviceId);
    return {
      change: { kind: 'delete', deviceId, expected: before.revision },
      before,
      after: undefined,
      notice: undefined,
    };
  }
  return before === undefined ? planCreate(element, now) : planUpdate(element, before, now);
}

function checkPresence({ deviceId, mode }: BulkElement, before: DeviceRecord | undefined): void {
  if (mode === 'create' && before !== undefined) throw deviceExists(deviceId);
  const upserts = mode === 'create' || mode === 'createOrUpdate' || mode === 'createOrUpdateIfMatchETag';
  if (!upserts && before === undefined) throw deviceNotFound(deviceId);
}

function checkEtag({ mode, fields }: BulkElement, before: DeviceRecord | undefined): void {
  if (before === undefined || !mode.endsWith('IfMatchETag')) return;
  const name = mode === 'updateTwinIfMatchETag' ? 'twinETag' : 'eTag';
  const etag = stringField(fields, name)?.replace(/^"(.*)"$/, '$1');
  if (etag === undefined || etag === '') throw new HubError('ArgumentInvalid', `${mode} needs ${name}.`);
  if (mode === 'updateTwinIfMatchETag') checkTwinEtag(before, etag);
  else checkIdentityEtag(before, etag);
}

function planCreate({ deviceId, fields }: BulkElement, now: number): Planned {
  const draft = parseIdentityDraft(fields);
  const record = newDeviceRecord(deviceId, draft, now, firstTwin(parseTwinDraft(fields), now));
  return { change: { kind: 'insert', record }, before: undefined, after: record, notice: undefined };
}

function planUpdate({ mode, fields }: BulkElement, before: DeviceRecord, now: number): Planned {
  const twin = parseTwinDraft(fields);
  const twinOnly = mode === 'updateTwin' || mode === 'updateTwinIfMatchETag';
  let after = twinOnly ? mergeTwin(before, twin, now) : replaceIdentity(before, parseIdentityDraft(fields), now);
  if (!twinOnly && hasContent(twin)) after = overwriteTwin(after, twin, now);
  // One write of the record, however many of its parts changed.
  const record = { ...after, revision: before.revision + 1 };
  return {
    change: { kind: 'replace', record, expected: before.revision },
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
