import { identityResource, type IdentityPath } from '../../../protocol/identity-path.ts';
import { checkMessage, defaultLifeMs, expiryOf } from './check-message.ts';
import {
  createDeviceQueues,
  deviceQueueRules,
  messageCollections,
  type DeviceQueueParts,
  type MessageNote,
} from './device-queues.ts';
import { readContent, writeContent, type MessageContent } from './message-content.ts';
import { documentId } from './queue-documents.ts';
import type { Entry } from './queue-state.ts';
import type { CloudToDeviceMessage, MessageService, QueuedMessage } from './service.ts';

export interface MessageParts extends DeviceQueueParts {
  /** The generation of an identity. Failures: DeviceNotFound, ModuleNotFound. */
  readonly generationOf: (identity: IdentityPath) => Promise<string>;
}

/** The message service with what only the core itself may ask of it. */
export interface Messages extends MessageService {
  /** Resolves when the queues of an earlier run are read; until then {@link MessageService.count} knows nothing. */
  readonly ready: Promise<void>;
  /** Drops everything of an identity that was deleted, and of its modules. */
  forget(identity: IdentityPath): Promise<void>;
  /** Resolves when what was asked for is stored. */
  close(): Promise<void>;
}

export function createMessages(parts: MessageParts): Messages {
  const { documents, clock, feedback, onError, generationOf } = parts;
  const queues = createDeviceQueues(parts);
  const ready = feedback.load().then(() => queues.load());
  ready.catch(onError);

  async function read(identity: IdentityPath, entry: Entry<MessageNote>): Promise<QueuedMessage | undefined> {
    const value = await documents.get(messageCollections.contents, documentId(identity, entry.sequenceNumber));
    const content = value === undefined ? undefined : readContent(value);
    return content === undefined ? undefined : queuedMessage(entry, content);
  }

  async function readAll<Read extends Entry<MessageNote>>(identity: IdentityPath, entries: readonly Read[]) {
    const found = await Promise.all(entries.map(async (entry) => ({ entry, message: await read(identity, entry) })));
    return found.flatMap(({ entry, message }) => (message === undefined ? [] : [{ entry, message }]));
  }

  return {
    ready,
    async send(identity, message) {
      await ready;
      const generationId = await generationOf(identity);
      checkMessage(message, clock.now());
      const content = contentOf(identity, message);
      const entry = await queues.obtain(identity).run((draft) => {
        const enqueuedTime = clock.now();
        // The name may have been given anew while the drop of the old queue failed.
        if (draft.entries.some(({ note }) => note.generationId !== generationId)) draft.clear();
        const note = { ack: message.ack, messageId: content.messageId ?? null, generationId };
        const expiresAt = expiryOf(message, enqueuedTime);
        return draft.add({ enqueuedTime, expiresAt, note, content: writeContent(content) }, deviceQueueRules);
      });
      return queuedMessage(entry, content);
    },
    async receive(identity, { lockMs }) {
      await ready;
      for (;;) {
        const queue = queues.find(identity);
        const locked = await queue?.lock(lockMs);
        if (queue === undefined || locked === undefined) return undefined;
        const { entry, lockToken } = locked;
        try {
          const message = await read(identity, entry);
          if (message !== undefined) return { ...message, lockToken };
        } catch (error) {
          await queue.settle(lockToken, 'release').catch(onError);
          throw error;
        }
        // Purged meanwhile; or damaged, and then it must not stand in the way of those behind it.
        await queue.settle(lockToken, 'reject').catch(() => undefined);
      }
    },
    async settle(identity, lockToken, settlement) {
      await ready;
      await queues.obtain(identity).settle(lockToken, settlement);
    },
    subscribe: (identity, wake) => queues.subscribe(identity, wake),
    count: (identity) => queues.find(identity)?.state?.entries.length ?? 0,
    async peek(identity, limit) {
      await ready;
      await generationOf(identity);
      const state = queues.find(identity)?.state;
      const found = await readAll(identity, state?.entries.slice(0, limit) ?? []);
      return found.map(({ entry, message }) => ({ ...message, locked: state?.isLocked(entry) === true }));
    },
    async deadLetters(identity, limit) {
      await ready;
      await generationOf(identity);
      const dead = queues.find(identity)?.state?.dead ?? [];
      const found = await readAll(identity, dead.slice(0, limit));
      return found.map(({ entry, message }) => {
        const { reason, deadLetteredTime } = entry;
        return { ...message, reason, deadLetteredTime };
      });
    },
    async requeue(identity, sequenceNumbers) {
      await ready;
      const generationId = await generationOf(identity);
      const wanted = sequenceNumbers === undefined ? undefined : new Set(sequenceNumbers);
      const dead = queues.find(identity)?.state?.dead ?? [];
      const found = await readAll(
        identity,
        dead.filter(({ sequenceNumber }) => wanted?.has(sequenceNumber) ?? true),
      );
      return queues.obtain(identity).run((draft) => {
        const still = new Set(draft.dead.map(({ sequenceNumber }) => sequenceNumber));
        const revived = found
          .filter(({ entry }) => still.has(entry.sequenceNumber))
          .slice(0, deviceQueueRules.capacity - draft.entries.length);
        for (const { entry, message } of revived) {
          const enqueuedTime = clock.now();
          const note = { ...entry.note, generationId };
          const fresh = { enqueuedTime, expiresAt: enqueuedTime + defaultLifeMs, note, content: writeContent(message) };
          draft.revive(entry, fresh, deviceQueueRules);
        }
        return revived.length;
      });
    },
    async purge(identity) {
      await ready;
      await generationOf(identity);
      return queues.obtain(identity).run((draft) => draft.purge());
    },
    async forget(identity) {
      await ready;
      await queues.forget(identity);
    },
    async close() {
      await ready.catch(() => undefined);
      await queues.close();
    },
  };
}

function contentOf(identity: IdentityPath, message: CloudToDeviceMessage): MessageContent {
  return {
    ...message,
    messageId: message.messageId === '' ? undefined : message.messageId,
    to: message.to ?? `${identityResource(identity)}/messages/devicebound`,
  };
}

function queuedMessage(entry: Entry<MessageNote>, content: MessageContent): QueuedMessage {
  const { sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered } = entry;
  return { ...content, sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered };
}
