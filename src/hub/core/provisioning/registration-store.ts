/** Registrations in storage, with an index by group. */
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { canonicalRegistrationId } from '../../../protocol/provisioning/index.ts';
import { collections, toDocument, toRegistration, type StoredRegistration } from './stored.ts';

export interface RegistrationStore {
  find(registrationId: string): Promise<StoredRegistration | undefined>;
  /** `before` is what was found: its place under another group is given up. */
  put(registration: StoredRegistration, before: StoredRegistration | undefined): Promise<void>;
  remove(registration: StoredRegistration): Promise<void>;
  /** In the order of their ids; `key` is what to go on after. */
  ofGroup(
    groupId: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<readonly { readonly key: string; readonly registration: StoredRegistration | undefined }[]>;
}

export function createRegistrationStore(documents: DocumentStore): RegistrationStore {
  const find = async (registrationId: string): Promise<StoredRegistration | undefined> => {
    const document = await documents.get(collections.registrations, canonicalRegistrationId(registrationId));
    return document === undefined ? undefined : toRegistration(document);
  };
  return {
    find,
    async put(registration, before) {
      const changes: DocumentChange[] = [];
      const from = before === undefined ? undefined : placeOf(before);
      const to = placeOf(registration);
      if (from !== undefined && from !== to)
        changes.push({ kind: 'delete', collection: collections.groupRegistrations, id: from });
      if (to !== undefined)
        changes.push({ kind: 'put', collection: collections.groupRegistrations, id: to, value: {} });
      const id = canonicalRegistrationId(registration.state.registrationId);
      changes.push({ kind: 'put', collection: collections.registrations, id, value: toDocument(registration) });
      await documents.write(changes);
    },
    async remove(registration) {
      const place = placeOf(registration);
      const id = canonicalRegistrationId(registration.state.registrationId);
      await documents.write([
        { kind: 'delete', collection: collections.registrations, id },
        ...(place === undefined
          ? []
          : [{ kind: 'delete' as const, collection: collections.groupRegistrations, id: place }]),
      ]);
    },
    async ofGroup(groupId, { limit, after }) {
      const prefix = `${canonicalRegistrationId(groupId)}/`;
      const places = await documents.list(collections.groupRegistrations, {
        limit,
        prefix,
        ...(after !== undefined && { after: `${prefix}${after}` }),
      });
      return Promise.all(
        places.map(async ({ id }) => {
          const key = id.slice(prefix.length);
          return { key, registration: await find(key) };
        }),
      );
    },
  };
}

/** Neither id can hold a slash. */
function placeOf({ groupId, state }: StoredRegistration): string | undefined {
  if (groupId === undefined) return undefined;
  return `${canonicalRegistrationId(groupId)}/${canonicalRegistrationId(state.registrationId)}`;
}
