import { isFailure } from '../errors/index.ts';
import { moduleIdentityPath } from './identity-address.ts';
import type { ModuleIdentity } from '../protocol/identity.ts';
import { identityPath } from '../protocol/identity-path.ts';
import { ifMatch } from './devices.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { ModuleRegistry } from './service-api.ts';

/** Module identities over REST. Source: service.md §2.5. */
export function createModuleRegistry(client: ServiceClient): ModuleRegistry {
  const get: ModuleRegistry['get'] = async (identity, signal) => {
    const answer = await client.request({
      method: 'GET',
      path: moduleIdentityPath(identity),
      action: `read module ${identity}`,
      deviceId: identity,
      signal,
    });
    return parseAnswer(answer, isModule, 'module');
  };
  return {
    get,
    async list(deviceId, signal) {
      const answer = await client.request({
        method: 'GET',
        path: `/devices/${encodeURIComponent(deviceId)}/modules`,
        action: `list the modules of ${deviceId}`,
        deviceId,
        signal,
      });
      return parseAnswer(answer, isModuleList, 'list of modules');
    },
    async put(module, { etag, signal } = {}) {
      const identity = identityPath(module.deviceId, module.moduleId);
      try {
        const answer = await client.request({
          method: 'PUT',
          path: moduleIdentityPath(identity),
          ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
          body: module,
          action: `${etag === undefined ? 'create' : 'change'} module ${identity}`,
          deviceId: identity,
          signal,
        });
        return parseAnswer(answer, isModule, 'module');
      } catch (error) {
        // The first try may have made the module and its answer may have been lost: what is there decides (service.md §11.3-4).
        if (!isFailure(error, 'device-exists', 'changed-meanwhile') || error.details['afterLostReply'] !== true)
          throw error;
        const there = await get(identity, signal);
        const { matchesWhatWasSent } = await import('./lost-reply.ts');
        if (matchesWhatWasSent(module, there)) return there;
        throw error;
      }
    },
    async delete(identity, { etag = '*', signal } = {}) {
      try {
        await client.request({
          method: 'DELETE',
          path: moduleIdentityPath(identity),
          headers: { 'If-Match': ifMatch(etag) },
          action: `delete module ${identity}`,
          deviceId: identity,
          signal,
        });
      } catch (error) {
        if (isFailure(error, 'not-found', 'device-not-found') && error.details['afterLostReply'] === true) return;
        throw error;
      }
    },
  };
}

function isModule(value: object): value is ModuleIdentity {
  return 'deviceId' in value && 'moduleId' in value && typeof value.moduleId === 'string';
}

function isModuleList(value: object): value is ModuleIdentity[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && isModule(item as object))
  );
}
