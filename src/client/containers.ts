import { containerGrantsPath, type ContainerGrant } from '../protocol/container-grant.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

/** Blob containers of a hub, which iotctl's own hub has. Failure `unsupported` elsewhere. */
export interface ContainerStore {
  /** An address with every right in the container. Secret. */
  grant(container: string, lifetimeSeconds: number, signal?: AbortSignal): Promise<ContainerGrant>;
}

const extension: Extension = {
  name: 'blob containers',
  instead: 'in the cloud they belong to a storage account: az storage container generate-sas',
};

export function createContainerStore(client: ServiceClient): ContainerStore {
  return {
    async grant(container, lifetimeSeconds, signal) {
      const answer = await client.request({
        method: 'POST',
        path: `${containerGrantsPath}/${encodeURIComponent(container)}`,
        body: { lifetimeSeconds },
        action: `get an address of the container ${container}`,
        signal,
        extension,
      });
      return parseAnswer(answer, isGrant, 'address of a container');
    },
  };
}

function isGrant(value: object): value is ContainerGrant {
  return 'uri' in value && typeof value.uri === 'string' && 'expiresAt' in value && typeof value.expiresAt === 'string';
}
