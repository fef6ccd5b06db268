/** A hub's messages in memory: what was sent, feedback that the test gives, queues that the test fills. */
import type { CloudMessage, FeedbackRecord, MessageQueues, ServiceChannel } from '../../src/fleet/ports.ts';
import type { QueuedMessageView } from '../../src/protocol/queued-message.ts';
import { eventQueue } from '../../src/std/event-queue.ts';

export interface MemoryMessages {
  readonly channel: ServiceChannel;
  readonly messages: MessageQueues;
  readonly sent: { readonly identity: string; readonly message: CloudMessage }[];
  /** Takes a message; may throw, and may {@link tell}. */
  onSend: (identity: string, message: CloudMessage) => void;
  /** Gives a lot of feedback to whoever listens. */
  tell(...records: (Pick<FeedbackRecord, 'deviceId' | 'originalMessageId'> & { statusCode?: string })[]): void;
  /** Ends the feedback with an error. */
  cut(error: Error): void;
  /** What queues hold, by identity. */
  readonly queues: Map<string, QueuedMessageView[]>;
  /** True while someone listens to feedback. */
  readonly isListening: boolean;
}

export function memoryMessages(): MemoryMessages {
  const sent: MemoryMessages['sent'] = [];
  const queues: MemoryMessages['queues'] = new Map();
  const feedback = eventQueue<FeedbackRecord>(1_000);
  let listeners = 0;
  const memory: MemoryMessages = {
    sent,
    queues,
    onSend: () => undefined,
    tell(...records) {
      for (const record of records)
        feedback.push({
          deviceGenerationId: '1',
          description: '',
          enqueuedTimeUtc: '2026-01-01T00:00:00Z',
          statusCode: 'Success',
          ...record,
        });
    },
    cut: (error) => feedback.end(error),
    get isListening() {
      return listeners > 0;
    },
    channel: {
      async send(identity, message) {
        sent.push({ identity, message });
        memory.onSend(identity, message);
      },
      async *feedback({ signal, onReady } = {}) {
        listeners++;
        const aborted = new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
        aborted.catch(() => undefined);
        onReady?.();
        try {
          const records = feedback[Symbol.asyncIterator]();
          for (;;) {
            const next = await Promise.race([records.next(), aborted]);
            if (next.done === true) return;
            yield next.value;
          }
        } finally {
          listeners--;
        }
      },
      uploads: () => {
        throw new Error('not offered');
      },
      close: () => Promise.resolve(),
    },
    messages: {
      list: async (identity, { state, limit }) =>
        (queues.get(identity) ?? [])
          .filter((message) => (message.state === 'dead') === (state === 'dead'))
          .slice(0, limit),
      async requeue(identity, numbers) {
        const held = queues.get(identity) ?? [];
        const back = held.filter(
          ({ state, sequenceNumber }) => state === 'dead' && (numbers?.includes(sequenceNumber) ?? true),
        );
        queues.set(
          identity,
          held.map((message) => (back.includes(message) ? { ...message, state: 'queued' as const } : message)),
        );
        return back.length;
      },
      async purge(identity) {
        const count = (queues.get(identity) ?? []).length;
        queues.delete(identity);
        return count;
      },
    },
  };
  return memory;
}

export function queuedMessage(more: Partial<QueuedMessageView> = {}): QueuedMessageView {
  return {
    sequenceNumber: 1,
    state: 'queued',
    messageId: 'm1',
    correlationId: null,
    contentType: null,
    contentEncoding: null,
    ack: 'none',
    enqueuedTime: '2026-01-01T00:00:00.000Z',
    expiryTime: '2026-01-01T01:00:00.000Z',
    deliveryCount: 0,
    reason: null,
    deadLetteredTime: null,
    properties: {},
    size: 5,
    body: null,
    ...more,
  };
}
