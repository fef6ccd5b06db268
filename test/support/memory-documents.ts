import type { DocumentChange, DocumentStore } from '../../src/hub/core/ports.ts';
import type { JsonObject } from '../../src/std/json.ts';

/** Documents in memory, in the order and with the promises of the real store. */
export interface MemoryDocuments extends DocumentStore {
  /** What the next writes fail with. */
  error: Error | undefined;
  readonly writes: (readonly DocumentChange[])[];
  /** Ids of a collection, in order. */
  ids(collection: string): string[];
}

export function memoryDocuments(): MemoryDocuments {
  const collections = new Map<string, Map<string, string>>();
  const of = (name: string): Map<string, string> => collections.get(name) ?? new Map<string, string>();
  const documents: MemoryDocuments = {
    error: undefined,
    writes: [],
    ids: (name) => [...of(name).keys()].toSorted(),
    async get(collection, id) {
      const text = of(collection).get(id);
      return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
    },
    async list(collection, { limit, after = '', prefix = '' }) {
      const ids = documents.ids(collection).filter((id) => id > after && id.startsWith(prefix));
      return ids.slice(0, limit).map((id) => ({ id, value: JSON.parse(of(collection).get(id) ?? '{}') as JsonObject }));
    },
    count: async (collection) => of(collection).size,
    async write(changes) {
      if (documents.error !== undefined) throw documents.error;
      documents.writes.push(changes);
      for (const change of changes) {
        const held = of(change.collection);
        collections.set(change.collection, held);
        if (change.kind === 'put') held.set(change.id, JSON.stringify(change.value));
        else held.delete(change.id);
      }
    },
  };
  return documents;
}
