import type { Clock } from '../../../std/clock.ts';
import type { RegistryStore } from '../ports.ts';
import type { DeviceRecords } from '../records.ts';
import { createFeedbackCollector } from './feedback.ts';
import { createMessages, type MessageParts, type Messages } from './messages.ts';
import { createServiceQueue, type StoredServiceQueue } from './service-queue.ts';

export interface MessagingParts {
  readonly store: RegistryStore;
  readonly records: DeviceRecords;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Told of what happens to messages, after it was stored. */
  readonly told?: MessageParts['told'];
}

/** Everything that is queued: messages to devices, and what the back end reads of them and of uploads. */
export interface Messaging {
  readonly messages: Messages;
  readonly feedback: StoredServiceQueue;
  readonly fileNotifications: StoredServiceQueue;
  /** Resolves when everything that was asked for is stored. */
  close(): Promise<void>;
}

export function createMessaging({ store, records, clock, onError, told }: MessagingParts): Messaging {
  const { documents } = store;
  const feedback = createServiceQueue({ documents, clock, onError, name: 'feedback' });
  const fileNotifications = createServiceQueue({ documents, clock, onError, name: 'file-notifications' });
  const collector = createFeedbackCollector({ documents, clock, queue: feedback, onError });
  const messages = createMessages({
    documents,
    clock,
    onError,
    told,
    feedback: collector,
    generationOf: async (identity) => (await records.read(identity)).generationId,
    async generationsOf(identities) {
      const found = await store.readMany(identities);
      return new Map([...found].map(([identity, { generationId }]) => [identity, generationId]));
    },
  });
  return {
    messages,
    feedback,
    fileNotifications,
    async close() {
      await messages.close();
      await collector.close();
      await Promise.all([feedback.close(), fileNotifications.close()]);
    },
  };
}
