/** The service's side of registrations. Source: service.md §10.1. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { RegistrationState } from '../../../protocol/provisioning/index.ts';
import { enrollmentNotFound, type EnrollmentStore } from './enrollment-store.ts';
import { explain, type ExplainParts } from './explain.ts';
import { checkQuery, continuationOf, keyOf } from './paging.ts';
import type { RegistrationStore } from './registration-store.ts';
import { registrationNotFound } from './registrations.ts';
import type { RegistrationService } from './service.ts';
import type { StoredEnrollment, StoredRegistration } from './stored.ts';

export interface RegistrationServiceParts extends ExplainParts {
  readonly store: EnrollmentStore;
  readonly registrations: RegistrationStore;
}

export function createRegistrationService(parts: RegistrationServiceParts): RegistrationService {
  const { store, registrations } = parts;
  return {
    async get(registrationId) {
      const found = await registrations.find(registrationId);
      if (found === undefined) throw registrationNotFound(registrationId);
      return viewRegistration(found, await enrollmentOf(store, found));
    },
    async delete(registrationId, ifMatch) {
      const found = await registrations.find(registrationId);
      if (found === undefined) throw registrationNotFound(registrationId);
      if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== found.state.etag)
        throw new HubError('PreconditionFailed', 'The registration was changed since this etag was read.');
      await registrations.remove(found);
    },
    async ofGroup(groupId, query, { limit, after }) {
      checkQuery(query);
      if ((await store.find('group', groupId)) === undefined) throw enrollmentNotFound('group', groupId);
      const rows = await registrations.ofGroup(groupId, { limit: limit + 1, after: keyOf(after) });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const found = page.flatMap(({ registration }) => registration ?? []);
      const items = await Promise.all(
        found.map(async (registration) => viewRegistration(registration, await enrollmentOf(store, registration))),
      );
      return { items, next: rows.length > limit && last !== undefined ? continuationOf(last.key) : undefined };
    },
    explain: (registrationId) => explain(parts, registrationId),
  };
}

/** A registration whose enrollment is disabled says so. */
export function viewRegistration(
  { state }: StoredRegistration,
  enrollment: StoredEnrollment | undefined,
): RegistrationState {
  return enrollment?.status === 'disabled' ? { ...state, status: 'disabled' } : state;
}

function enrollmentOf(
  store: EnrollmentStore,
  { state, groupId }: StoredRegistration,
): Promise<StoredEnrollment | undefined> {
  return groupId === undefined ? store.find('individual', state.registrationId) : store.find('group', groupId);
}
