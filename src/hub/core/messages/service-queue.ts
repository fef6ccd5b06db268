import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { DurableQueue } from './durable-queue.ts';
import { changesFor, documentId, documentsOf, readEntry, type QueueCollections } from './queue-documents.ts';
import { QueueState, type Entry, type QueueRules } from './queue-state.ts';
import type { ServiceDelivery, ServiceQueue } from './service.ts';

/** Source: service.md §8.4, §8.5, device.md §8. */
const lifeMs = 3_600_000;
const lockMs = 60_000;
/** A back end that reads nothing must not fill the disk: when there are more, the oldest give way. */
const capacity = 10_000;
const rules: QueueRules = { capacity, maxDeliveryCount: 10, deadLetters: 0 };

export interface ServiceQueueParts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Names the queue's documents. */
  readonly name: string;
}

/** The queue with what only the core may ask of it. */
export interface StoredServiceQueue extends ServiceQueue {
  /** Adds a record, stored together with other changes or not at all. */
  putWith(contentType: string, body: Uint8Array, changes: readonly DocumentChange[]): Promise<void>;
  close(): Promise<void>;
}

type NoNote = Record<string, never>;

export function createServiceQueue({ documents, clock, onError, name }: ServiceQueueParts): StoredServiceQueue {
  const collections: QueueCollections = { headers: `${name}-headers`, contents: `${name}-contents` };
  const listeners = new Set<() => void>();
  const queue = new DurableQueue<NoNote>({
    clock,
    rules,
    onError,
    open: () => openState(documents, collections.headers),
    store: (events, _state, extra) => documents.write([...changesFor(collections, name, events), ...extra]),
    wake: () => {
      for (const listener of listeners) listener();
    },
  });

  async function put(contentType: string, body: Uint8Array, changes: readonly DocumentChange[]): Promise<void> {
    const content = { contentType, body: Buffer.from(body).toString('base64') };
    await queue.run((draft, bring) => {
      if (draft.entries.length >= capacity) draft.dropOldest();
      const enqueuedTime = clock.now();
      draft.add({ enqueuedTime, expiresAt: enqueuedTime + lifeMs, note: {}, content }, rules);
      bring(changes);
    });
  }

  return {
    put: (contentType, body) => put(contentType, body, []),
    putWith: put,
    async receive() {
      for (;;) {
        const locked = await queue.lock(lockMs);
        if (locked === undefined) return undefined;
        const content = await documents.get(collections.contents, documentId(name, locked.entry.sequenceNumber));
        const delivery = content === undefined ? undefined : deliveryOf(locked.entry, locked.lockToken, content);
        if (delivery !== undefined) return delivery;
        // Damaged: it must not stand in the way of those behind it.
        await queue.settle(locked.lockToken, 'reject').catch(() => undefined);
      }
    },
    settle: (lockToken, settlement) => queue.settle(lockToken, settlement),
    subscribe(wake) {
      listeners.add(wake);
      return () => listeners.delete(wake);
    },
    close: () => queue.close(),
  };
}

async function openState(documents: DocumentStore, collection: string): Promise<QueueState<NoNote>> {
  const entries: Entry<NoNote>[] = [];
  for await (const { value } of documentsOf(documents, collection)) {
    const entry = readEntry<NoNote>(value);
    if (entry !== undefined) entries.push(entry);
  }
  return new QueueState(entries, [], entries.at(-1)?.sequenceNumber ?? 0);
}

function deliveryOf(entry: Entry<NoNote>, lockToken: string, content: JsonObject): ServiceDelivery | undefined {
  const { sequenceNumber, enqueuedTime, deliveryCount } = entry;
  const { contentType, body } = content;
  if (typeof contentType !== 'string' || typeof body !== 'string') return undefined;
  return { lockToken, sequenceNumber, enqueuedTime, deliveryCount, contentType, body: Buffer.from(body, 'base64') };
}
