import { HubError } from '../../../protocol/hub-errors.ts';
import { moduleLimit } from '../../../protocol/identity.ts';
import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { RegistryStore } from '../ports.ts';

/** How many more modules devices may get, counted over all creates of one request. */
export interface ModuleRoom {
  /** Takes a place on the module's device. HubError TooManyModulesOnDevice when there is none. */
  take(identity: IdentityPath): Promise<void>;
}

export function createModuleRoom(store: Pick<RegistryStore, 'listModules'>): ModuleRoom {
  const counts = new Map<string, number>();
  return {
    async take(identity) {
      const { deviceId } = identityNames(identity);
      const count = counts.get(deviceId) ?? (await store.listModules(deviceId)).length;
      if (count >= moduleLimit)
        throw new HubError('TooManyModulesOnDevice', `Device '${deviceId}' has ${moduleLimit} modules already.`);
      counts.set(deviceId, count + 1);
    },
  };
}
