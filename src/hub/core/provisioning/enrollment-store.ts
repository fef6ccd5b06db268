/** Enrollments in storage. One writer at a time for an id; groups are few and stay in memory, because every registration looks at them. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../std/clock.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { canonicalRegistrationId } from '../../../protocol/provisioning/index.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore } from '../ports.ts';
import { collections, toDocument, toEnrollment, type EnrollmentDraft, type StoredEnrollment } from './stored.ts';
import type { EnrollmentKind } from './attestation.ts';

export interface EnrollmentStore {
  find(kind: EnrollmentKind, id: string): Promise<StoredEnrollment | undefined>;
  /** Every group. */
  groups(): Promise<readonly StoredEnrollment[]>;
  list(
    kind: EnrollmentKind,
    page: { limit: number; after?: string | undefined },
  ): Promise<readonly { key: string; enrollment: StoredEnrollment }[]>;
  /** `decide` sees what is there and throws to refuse. */
  put(
    kind: EnrollmentKind,
    id: string,
    decide: (before: StoredEnrollment | undefined) => EnrollmentDraft,
  ): Promise<StoredEnrollment>;
  remove(kind: EnrollmentKind, id: string, check: (before: StoredEnrollment) => void): Promise<void>;
}

/** Source: service.md §10.2. */
const limits = { group: 100, individual: 1_000_000 } as const;

export function createEnrollmentStore(documents: DocumentStore, clock: Clock): EnrollmentStore {
  const queue = createKeyedQueue();
  let groups: Promise<Map<string, StoredEnrollment>> | undefined;
  /** How many individual enrollments there are, near enough for the limit: counting them anew takes time. */
  let individuals: number | undefined;
  const loadGroups = (): Promise<Map<string, StoredEnrollment>> => {
    groups ??= readGroups(documents).catch((error: unknown) => {
      groups = undefined;
      throw error;
    });
    return groups;
  };
  const find: EnrollmentStore['find'] = async (kind, id) => {
    const key = canonicalRegistrationId(id);
    if (kind === 'group') return (await loadGroups()).get(key);
    const document = await documents.get(collections.enrollments, key);
    return document === undefined ? undefined : toEnrollment(document);
  };
  return {
    find,
    groups: async () => [...(await loadGroups()).values()],
    async list(kind, page) {
      const rows = await documents.list(collectionOf(kind), page);
      return rows.map(({ id, value }) => ({ key: id, enrollment: toEnrollment(value) }));
    },
    put: (kind, id, decide) =>
      // Groups are counted before they are written, so they share one line.
      queue.run([lineOf(kind, id)], async () => {
        const before = await find(kind, id);
        const draft = decide(before);
        if (before === undefined) await checkRoom(kind, draft);
        const now = clock.now();
        const stored = {
          ...draft,
          id: before?.id ?? id,
          etag: newEtag(),
          createdAt: before?.createdAt ?? now,
          updatedAt: now,
        };
        const key = canonicalRegistrationId(id);
        await documents.write([{ kind: 'put', collection: collectionOf(kind), id: key, value: toDocument(stored) }]);
        if (kind === 'group') (await loadGroups()).set(key, stored);
        else if (before === undefined && individuals !== undefined) individuals++;
        return stored;
      }),
    remove: (kind, id, check) =>
      queue.run([lineOf(kind, id)], async () => {
        const before = await find(kind, id);
        if (before === undefined) throw enrollmentNotFound(kind, id);
        check(before);
        const key = canonicalRegistrationId(id);
        await documents.write([{ kind: 'delete', collection: collectionOf(kind), id: key }]);
        if (kind === 'group') (await loadGroups()).delete(key);
        else if (individuals !== undefined) individuals--;
      }),
  };

  async function checkRoom(kind: EnrollmentKind, { attestation }: EnrollmentDraft): Promise<void> {
    const count =
      kind === 'group'
        ? [...(await loadGroups()).values()].filter((group) => group.attestation.type === attestation.type).length
        : (individuals ??= await documents.count(collections.enrollments));
    if (count < limits[kind]) return;
    const what = kind === 'group' ? `enrollment groups of type ${attestation.type}` : 'enrollments';
    throw new HubError('GenericForbidden', `There cannot be more than ${limits[kind]} ${what}.`);
  }
}

/** HubError EnrollmentNotFound (404201). */
export function enrollmentNotFound(kind: EnrollmentKind, id: string): HubError {
  const what = kind === 'group' ? 'enrollment group' : 'enrollment';
  return new HubError('EnrollmentNotFound', `There is no ${what} '${id}'.`);
}

/** The etag of one write: opaque, in the form the service in the cloud has. */
export function newEtag(): string {
  return Buffer.from(`"${randomUUID()}"`).toString('base64');
}

async function readGroups(documents: DocumentStore): Promise<Map<string, StoredEnrollment>> {
  const rows = await documents.list(collections.groups, { limit: limits.group * 2 });
  return new Map(rows.map(({ id, value }) => [id, toEnrollment(value)]));
}

function collectionOf(kind: EnrollmentKind): string {
  return kind === 'group' ? collections.groups : collections.enrollments;
}

function lineOf(kind: EnrollmentKind, id: string): string {
  return kind === 'group' ? 'groups' : `individual/${canonicalRegistrationId(id)}`;
}
