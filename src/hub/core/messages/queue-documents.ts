/** Queues as documents: a small header for each message, which is all a hub reads when it starts, and its content beside it. */
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore, StoredDocument } from '../ports.ts';
import type { DeadEntry, Entry, QueueEvent } from './queue-state.ts';

const pageSize = 1_000;
const digits = 16;
/** Cannot be part of an identity path, so no queue's documents begin like another's. */
const separator = '//';

/** The id of a message's documents; byte order is the order of the messages. */
export function documentId(queue: string, sequenceNumber: number): string {
  return `${queue}${separator}${String(sequenceNumber).padStart(digits, '0')}`;
}

/** The queue a document belongs to. */
export function queueOf(id: string): string {
  return id.slice(0, id.lastIndexOf(separator));
}

/** Every document of a collection, in pages. */
export async function* documentsOf(documents: DocumentStore, collection: string): AsyncGenerator<StoredDocument> {
  let after: string | undefined;
  for (;;) {
    const page = await documents.list(collection, { limit: pageSize, after });
    yield* page;
    if (page.length < pageSize) return;
    after = page.at(-1)?.id;
  }
}

/** A message's header; `note` is its owner's. */
function writeEntry<Note extends JsonObject>(entry: Entry<Note> | DeadEntry<Note>): JsonObject {
  const { sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered, note } = entry;
  const dead = 'reason' in entry ? { reason: entry.reason, deadLetteredTime: entry.deadLetteredTime } : {};
  return { sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered, note, ...dead };
}

/** Reads what {@link writeEntry} wrote; undefined when it is none. */
export function readEntry<Note extends JsonObject>(value: JsonObject): Entry<Note> | DeadEntry<Note> | undefined {
  if (typeof value['sequenceNumber'] !== 'number' || typeof value['expiresAt'] !== 'number') return undefined;
  return isJsonObject(value['note']) ? (value as unknown as Entry<Note> | DeadEntry<Note>) : undefined;
}

export interface QueueCollections {
  readonly headers: string;
  readonly contents: string;
}

/** The changes that store what steps did. */
export function changesFor<Note extends JsonObject>(
  { headers, contents }: QueueCollections,
  queue: string,
  events: readonly QueueEvent<Note>[],
): DocumentChange[] {
  return events.flatMap((event): DocumentChange[] => {
    const id = documentId(queue, event.entry.sequenceNumber);
    if (event.kind === 'done' || event.kind === 'dropped') {
      return [
        { kind: 'delete', collection: headers, id },
        { kind: 'delete', collection: contents, id },
      ];
    }
    const header: DocumentChange = { kind: 'put', collection: headers, id, value: writeEntry(event.entry) };
    return event.kind === 'added'
      ? [header, { kind: 'put', collection: contents, id, value: event.content }]
      : [header];
  });
}
