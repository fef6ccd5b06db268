import { randomBytes } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import { recordBytes, recordNameProblem } from '../../../protocol/records.ts';
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore, StoredDocument } from '../ports.ts';
import type { HubRecord, RecordCondition, RecordService } from './service.ts';

const collection = 'records';
/** A page ends behind the record that takes it beyond this, so that many large ones are never in memory at once. */
const pageBytes = 8 * 1024 * 1024;
/** So many documents are read from the store at once; a few while they are large. */
const fewest = 4;
const most = 256;

export interface RecordParts {
  readonly documents: DocumentStore;
  readonly onError: (error: unknown) => void;
}

/** Records over the document store. */
export function createRecords({ documents, onError }: RecordParts): RecordService {
  const queue = createKeyedQueue();
  const listeners = new Set<{ readonly prefix: string; readonly listener: (name: string) => void }>();

  async function find(name: string): Promise<HubRecord | undefined> {
    const value = await documents.get(collection, name);
    return value === undefined ? undefined : recordOf({ id: name, value });
  }

  function tell(name: string): void {
    for (const { prefix, listener } of listeners) {
      if (!name.startsWith(prefix)) continue;
      try {
        listener(name);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    async read(name) {
      checkName(name);
      return (await find(name)) ?? missing(name);
    },
    async write(name, value, condition) {
      checkName(name);
      const content = contentOf(value);
      return queue.run([name], async () => {
        check(name, condition, await etagOf(documents, name));
        // Random rather than counted: a record that was removed and made again never has an etag it had before.
        const etag = randomBytes(12).toString('hex');
        await documents.write([{ kind: 'put', collection, id: name, value: { etag, value: content } }]);
        tell(name);
        return etag;
      });
    },
    async remove(name, condition) {
      checkName(name);
      await queue.run([name], async () => {
        const present = await etagOf(documents, name);
        if (present === undefined) missing(name);
        check(name, condition, present);
        await documents.write([{ kind: 'delete', collection, id: name }]);
        tell(name);
      });
    },
    async list({ prefix, after, limit }) {
      const records: HubRecord[] = [];
      let bytes = 0;
      let last = after;
      let lot = fewest;
      while (records.length < limit && bytes < pageBytes) {
        const asked = Math.min(lot, limit - records.length);
        const page = await documents.list(collection, {
          limit: asked,
          prefix,
          ...(last !== undefined && { after: last }),
        });
        for (const document of page) records.push(recordOf(document));
        const size = page.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0);
        bytes += size;
        last = page.at(-1)?.id ?? last;
        if (page.length < asked) return { records, next: undefined };
        lot = Math.max(fewest, Math.min(most, Math.floor(pageBytes / 8 / (size / page.length + 1))));
      }
      return { records, next: last };
    },
    onChange(prefix, listener) {
      const entry = { prefix, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}

async function etagOf(documents: DocumentStore, name: string): Promise<string | undefined> {
  const value = await documents.get(collection, name);
  return value === undefined ? undefined : recordOf({ id: name, value }).etag;
}

function check(name: string, condition: RecordCondition, present: string | undefined): void {
  const holds =
    condition.kind === 'any' ||
    (condition.kind === 'absent' && present === undefined) ||
    (condition.kind === 'present' && present !== undefined) ||
    (condition.kind === 'etag' && present === condition.etag);
  if (holds) return;
  const why = present === undefined ? 'is not there' : condition.kind === 'absent' ? 'is there already' : 'was changed';
  throw new HubError('PreconditionFailed', `The record '${name}' ${why}.`);
}

function checkName(name: string): void {
  const problem = recordNameProblem(name);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The name of a record ${problem}.`);
}

function contentOf(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', 'A record must be a JSON object.');
  if (Buffer.byteLength(JSON.stringify(value)) > recordBytes)
    throw new HubError('MessageTooLarge', `A record must not be larger than ${recordBytes} bytes.`);
  return value;
}

function missing(name: string): never {
  throw new HubError('NotFound', `There is no record '${name}'.`);
}

/** The collection has no other writer, so that what is in it has the shape it was written with. */
function recordOf({ id, value }: StoredDocument): HubRecord {
  return { ...(value as unknown as Omit<HubRecord, 'name'>), name: id };
}
