/** The service's side of enrollments. Source: service.md §10. */
import { isJsonObject } from '../../../std/json.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import {
  bulkEnrollmentLimit,
  bulkEnrollmentModes,
  registrationIdProblem,
  type BulkEnrollmentMode,
  type BulkEnrollmentResult,
} from '../../../protocol/provisioning/index.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';
import { viewAttestation, type EnrollmentKind } from './attestation.ts';
import { parseEnrollmentDraft } from './enrollment-draft.ts';
import { enrollmentNotFound, type EnrollmentStore } from './enrollment-store.ts';
import { checkQuery, continuationOf, keyOf } from './paging.ts';
import type { EnrollmentCollection } from './service.ts';
import type { StoredEnrollment } from './stored.ts';

export interface CollectionParts<Enrollment> {
  readonly kind: EnrollmentKind;
  readonly store: EnrollmentStore;
  readonly view: (stored: StoredEnrollment, secrets: boolean) => Promise<Enrollment>;
  /** The enrollment is gone: what was registered by it goes too. */
  readonly removed: (id: string) => Promise<void>;
}

const words = {
  individual: { id: 'registrationId', list: 'enrollments' },
  group: { id: 'enrollmentGroupId', list: 'enrollmentGroups' },
} as const;

export function createEnrollments<Enrollment>(parts: CollectionParts<Enrollment>): EnrollmentCollection<Enrollment> {
  const { kind, store, view } = parts;
  const idName = words[kind].id;

  async function find(id: string): Promise<StoredEnrollment> {
    const stored = await store.find(kind, id);
    if (stored === undefined) throw enrollmentNotFound(kind, id);
    return stored;
  }

  function write(id: string, fields: Fields, mode: BulkEnrollmentMode | 'put', ifMatch: string | undefined) {
    checkId(id);
    return store.put(kind, id, (before) => {
      if (mode === 'create' && before !== undefined) throw conflict(id);
      if (before === undefined && (mode === 'update' || ifMatch !== undefined)) throw enrollmentNotFound(kind, id);
      if (before !== undefined) checkEtag(before, ifMatch);
      return parseEnrollmentDraft(fields, kind, before);
    });
  }

  async function remove(id: string, ifMatch: string | undefined): Promise<void> {
    await store.remove(kind, id, (before) => checkEtag(before, ifMatch));
    await parts.removed(id);
  }

  /** One element of a bulk request. */
  async function apply(element: unknown, mode: BulkEnrollmentMode): Promise<void> {
    const fields = fieldsOf(element, 'An enrollment');
    const id = stringField(fields, idName) ?? '';
    const etag = stringField(fields, 'etag') || undefined;
    if (mode === 'delete') {
      await remove(id, etag);
      return;
    }
    if (mode === 'updateIfMatchETag' && etag === undefined)
      throw new HubError('ArgumentInvalid', 'updateIfMatchETag needs the etag of the enrollment.');
    await write(id, fields, mode, mode === 'updateIfMatchETag' ? etag : undefined);
  }

  return {
    get: async (id) => view(await find(id), false),
    async put(id, body, ifMatch) {
      const fields = fieldsOf(body, 'The enrollment');
      const named = stringField(fields, idName) ?? id;
      if (named.toLowerCase() !== id.toLowerCase())
        throw new HubError('ArgumentInvalid', `${idName} in the body differs from the one in the path.`);
      return view(await write(id, fields, 'put', ifMatch), true);
    },
    delete: remove,
    attestation: async (id) => viewAttestation((await find(id)).attestation, true),
    async bulk(body) {
      const fields = fieldsOf(body, 'The request');
      const mode = wordField(fields, 'mode', bulkEnrollmentModes);
      const list = fields.get(words[kind].list);
      if (mode === undefined || !Array.isArray(list))
        throw new HubError('ArgumentInvalid', `The request needs a mode and a list of ${words[kind].list}.`);
      if (list.length > bulkEnrollmentLimit)
        throw new HubError('ArgumentInvalid', `A request may hold at most ${bulkEnrollmentLimit} enrollments.`);
      const errors: BulkEnrollmentResult['errors'][number][] = [];
      for (const element of list) {
        try {
          await apply(element, mode);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const id = isJsonObject(element) ? element[idName] : undefined;
          errors.push({
            [idName]: typeof id === 'string' ? id : '',
            errorCode: error.number,
            errorStatus: error.message,
          });
        }
      }
      return { isSuccessful: errors.length === 0, errors };
    },
    async query(query, { limit, after }) {
      checkQuery(query);
      const rows = await store.list(kind, { limit: limit + 1, after: keyOf(after) });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const items = await Promise.all(page.map(({ enrollment }) => view(enrollment, false)));
      return { items, next: rows.length > limit && last !== undefined ? continuationOf(last.key) : undefined };
    },
  };
}

function checkId(id: string): void {
  const problem = registrationIdProblem(id);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The id ${problem}.`);
}

function checkEtag(stored: { readonly etag: string; readonly id: string }, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === stored.etag) return;
  throw new HubError('PreconditionFailed', `The enrollment '${stored.id}' was changed since this etag was read.`);
}

function conflict(id: string): HubError {
  return new HubError('EnrollmentConflict', `There is an enrollment '${id}' already.`);
}
