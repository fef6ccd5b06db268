import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { DeviceRecord } from '../ports.ts';
import type { IfMatch, ModuleRegistry } from '../services.ts';
import { newRecord, replaceIdentity } from './device-records.ts';
import { endSessionAfter } from './end-session.ts';
import { isSystemModule, readIdentityBody } from './identity-body.ts';
import { createModuleRoom } from './module-room.ts';
import { parseModuleDraft } from './identity-draft.ts';
import { viewModule } from './identity-view.ts';
import type { RegistryParts } from './parts.ts';
import { checkDelete, checkPut, deviceNotFound, registryNotFound } from './preconditions.ts';

/** Module identities. Source: service.md §2.5. */
export function createModules(parts: RegistryParts): ModuleRegistry {
  const { store, records, sessions, clock, messages } = parts;

  async function requireDevice(identity: IdentityPath): Promise<void> {
    const { deviceId } = identityNames(identity);
    if ((await store.read(deviceId)) === undefined) throw deviceNotFound(deviceId);
  }

  return {
    async get(identity) {
      await sessions.flushStates();
      const record = await store.read(identity);
      if (record !== undefined) return viewModule(record, messages);
      await requireDevice(identity);
      throw registryNotFound(identity);
    },
    async list(deviceId) {
      await sessions.flushStates();
      await requireDevice(deviceId);
      return (await store.listModules(deviceId)).map((record) => viewModule(record, messages));
    },
    async put(identity, body, ifMatch) {
      const draft = parseModuleDraft(readIdentityBody(identityNames(identity), body));
      if (isSystemModule(identity)) throw new HubError('ArgumentInvalid', 'Module ids that begin with $ are reserved.');
      const written = await records.changeMember(
        identity,
        async (before) => {
          const now = clock.now();
          await checkModulePut(parts, identity, before, ifMatch);
          const write = before === undefined ? newRecord(identity, draft, now) : replaceIdentity(before, draft, now);
          return { write, result: { before, after: write } };
        },
        ({ before, after }) => endSessionAfter(parts, before, after),
      );
      return viewModule(written.after, messages);
    },
    async delete(identity, ifMatch) {
      if (isSystemModule(identity))
        throw new HubError('SystemModuleModifyUnauthorizedAccess', 'Modules of the system cannot be deleted.');
      await requireDevice(identity);
      await records.changeMember(
        identity,
        (before) => {
          checkDelete(identity, before, ifMatch);
          return { remove: true, result: undefined };
        },
        () => {
          sessions.end(identity, 'deleted');
          parts.removed(identity);
        },
      );
    },
  };
}

/** The device must be there and have room. HubErrors of {@link checkPut}, DeviceNotFound, TooManyModulesOnDevice. */
async function checkModulePut(
  { store }: Pick<RegistryParts, 'store'>,
  identity: IdentityPath,
  before: DeviceRecord | undefined,
  ifMatch: IfMatch,
): Promise<void> {
  const { deviceId } = identityNames(identity);
  if (before === undefined && (await store.read(deviceId)) === undefined) throw deviceNotFound(deviceId);
  checkPut(identity, before, ifMatch);
  if (before === undefined) await createModuleRoom(store).take(identity);
}
