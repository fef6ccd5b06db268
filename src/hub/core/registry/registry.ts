import type { RegistryService } from '../services.ts';
import { createBulk } from './bulk.ts';
import { checkParent } from './device-scopes.ts';
import { newRecord, replaceIdentity, systemModuleInserts } from './device-records.ts';
import { endSessionAfter } from './end-session.ts';
import { readIdentityBody } from './identity-body.ts';
import { parseIdentityDraft } from './identity-draft.ts';
import { viewIdentity } from './identity-view.ts';
import { createModules } from './modules.ts';
import { createKeyRegeneration } from './regenerate-keys.ts';
import type { RegistryParts } from './parts.ts';
import { checkDelete, checkPut } from './preconditions.ts';

/** Identities by the rules of service.md §2. Whoever loses the right to be connected is disconnected in the same step. */
export function createRegistry(parts: RegistryParts): RegistryService {
  const { store, records, sessions, clock, messages } = parts;
  return {
    modules: createModules(parts),
    async get(deviceId) {
      await sessions.flushStates();
      return viewIdentity(await records.read(deviceId), messages);
    },
    async list(top) {
      await sessions.flushStates();
      return (await store.list(top)).map((record) => viewIdentity(record, messages));
    },
    async put(deviceId, body, ifMatch) {
      const draft = parseIdentityDraft(readIdentityBody({ deviceId, moduleId: '' }, body));
      const written = await records.change(
        deviceId,
        async (before) => {
          checkPut(deviceId, before, ifMatch);
          const now = clock.now();
          const write = before === undefined ? newRecord(deviceId, draft, now) : replaceIdentity(before, draft, now);
          await checkParent(store, write);
          return { write, also: systemModuleInserts(before, write, now), result: { before, after: write } };
        },
        ({ before, after }) => endSessionAfter(parts, before, after),
      );
      return viewIdentity(written.after, messages);
    },
    async delete(deviceId, ifMatch) {
      await records.change(
        deviceId,
        (before) => {
          checkDelete(deviceId, before, ifMatch);
          return { remove: true, result: undefined };
        },
        () => {
          sessions.endAll(deviceId, 'deleted');
          parts.removed(deviceId);
        },
      );
    },
    bulk: createBulk(parts),
    regenerateKeys: createKeyRegeneration(parts),
    async counts() {
      await sessions.flushStates();
      return store.counts();
    },
  };
}
