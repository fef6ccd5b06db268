import { identityNames, type IdentityPath } from '../protocol/identity-path.ts';
import { queuePath, type QueuedMessageView } from '../protocol/queued-message.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

export interface QueueRequest {
  /** What waits or is on its way, or what was not delivered. */
  readonly state: 'queued' | 'dead';
  /** Bring the bodies along. */
  readonly bodies: boolean;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Messages that wait for devices. Failures: device-not-found, not-found (a module), and `unsupported` where a hub shows no queue. */
export interface MessageQueues {
  /** Oldest first. Only iotctl's own hub lets anyone look. */
  list(identity: IdentityPath, request: QueueRequest): Promise<readonly QueuedMessageView[]>;
  /** Sends dead letters once more, all or by number; answers how many. Only on iotctl's own hub. */
  requeue(
    identity: IdentityPath,
    sequenceNumbers: readonly number[] | undefined,
    signal?: AbortSignal,
  ): Promise<number>;
  /** Empties the queue; answers how many messages were in it. On any hub. */
  purge(identity: IdentityPath, signal?: AbortSignal): Promise<number>;
}

const extension: Extension = {
  name: 'a look into the queue of a device',
  instead: 'iotctl device show DEVICE says how many messages wait, and iotctl message purge DEVICE removes them',
};

export function createMessageQueues(client: ServiceClient): MessageQueues {
  return {
    async list(identity, { state, bodies, limit, signal }) {
      const answer = await client.request({
        method: 'GET',
        path: pathOf(identity, queuePath),
        query: { state, ...(bodies && { body: 'true' }), ...(limit !== undefined && { top: String(limit) }) },
        action: `read the messages for ${identity}`,
        deviceId: identity,
        extension,
        signal,
      });
      return parseAnswer(answer, isMessageList, 'list of messages').messages;
    },
    async requeue(identity, sequenceNumbers, signal) {
      const answer = await client.request({
        method: 'POST',
        path: `${pathOf(identity, queuePath)}/requeue`,
        body: sequenceNumbers === undefined ? {} : { sequenceNumbers },
        action: `requeue the messages for ${identity}`,
        deviceId: identity,
        // Once more would find none, and say so.
        repeatability: 'once',
        extension,
        signal,
      });
      return parseAnswer(answer, isRequeued, 'number of messages').requeued;
    },
    async purge(identity, signal) {
      const answer = await client.request({
        method: 'DELETE',
        path: pathOf(identity, purgePath),
        action: `purge the messages for ${identity}`,
        deviceId: identity,
        signal,
      });
      return parseAnswer(answer, isPurged, 'number of messages').totalMessagesPurged;
    },
  };
}

/** Source: service.md §8.6. */
function purgePath(identity: IdentityPath): string {
  const { deviceId, moduleId } = identityNames(identity);
  return moduleId === '' ? `/devices/${deviceId}/commands` : `/devices/${deviceId}/modules/${moduleId}/commands`;
}

/** The path of an identity whose names are encoded, once each. */
function pathOf(identity: IdentityPath, path: (identity: IdentityPath) => string): string {
  return path(identity.split('/').map(encodeURIComponent).join('/'));
}

function isMessageList(value: object): value is { messages: QueuedMessageView[] } {
  return 'messages' in value && Array.isArray(value.messages);
}

function isRequeued(value: object): value is { requeued: number } {
  return 'requeued' in value && typeof value.requeued === 'number';
}

function isPurged(value: object): value is { totalMessagesPurged: number } {
  return 'totalMessagesPurged' in value && typeof value.totalMessagesPurged === 'number';
}
