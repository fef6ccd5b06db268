import { Failure, isFailure } from '../../errors/index.ts';
import { recordBytes } from '../../protocol/records.ts';
import { parseJsonObject } from '../../std/json.ts';
import { checkRecordName, checkRecordSize, sameRecord, type RecordStore, type StoredRecord } from '../records.ts';
import type { Container } from './container.ts';

/** Names end as they are: with an ending behind them they would come in another order. */
const folder = 'records/';
/** So many are read at once for a list. */
const readsAtOnce = 8;

/** Records as blobs of a container; their etags are those of the blobs. */
export function createBlobRecordStore({ client, attempt }: Container): RecordStore {
  const blobOf = (name: string) => {
    checkRecordName(name);
    return client.getBlockBlobClient(`${folder}${name}`);
  };

  const read: RecordStore['read'] = async (name, signal) => {
    const blob = blobOf(name);
    try {
      const { result } = await attempt(
        `read the record ${name}`,
        async () => {
          const answer = await blob.download(0, undefined, abortBy(signal));
          return { text: await textOf(answer.readableStreamBody), etag: answer.etag };
        },
        signal,
      );
      return recordOf(name, result);
    } catch (error) {
      if (isFailure(error, 'not-found')) return undefined;
      throw error;
    }
  };

  async function* names(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<string[], void, undefined> {
    let token: string | undefined;
    do {
      const { result } = await attempt(
        'list records',
        async () => {
          const pages = client
            .listBlobsFlat({ prefix: `${folder}${prefix}`, ...abortBy(signal) })
            .byPage({ maxPageSize: 1_000, ...(token !== undefined && { continuationToken: token }) });
          return (await pages.next()).value as Page | undefined;
        },
        signal,
      );
      const found = (result?.segment.blobItems ?? []).map(({ name }) => name.slice(folder.length));
      for (let at = 0; at < found.length; at += readsAtOnce) yield found.slice(at, at + readsAtOnce);
      token = result?.continuationToken === '' ? undefined : result?.continuationToken;
    } while (token !== undefined);
  }

  return {
    read,
    async write(name, value, { etag, signal } = {}) {
      const blob = blobOf(name);
      const text = checkRecordSize(name, value);
      const conditions = etag === undefined ? {} : etag === 'none' ? { ifNoneMatch: '*' } : { ifMatch: etag };
      try {
        const { result } = await attempt(
          `write the record ${name}`,
          () =>
            blob.upload(text, Buffer.byteLength(text), {
              conditions,
              blobHTTPHeaders: { blobContentType: 'application/json' },
              ...abortBy(signal),
            }),
          signal,
        );
        return result.etag ?? '';
      } catch (error) {
        // The first try may have been stored and its answer lost: what is there decides. A replaced blob that is gone is 404 or 412.
        if (!isFailure(error, 'changed-meanwhile', 'not-found')) throw error;
        const there = error.details['afterLostReply'] === true ? await read(name, signal) : undefined;
        if (there !== undefined && sameRecord(there.value, value)) return there.etag;
        throw new Failure('changed-meanwhile', `cannot write the record ${name}: it was changed meanwhile`, {
          details: error.details,
          cause: error,
        });
      }
    },
    async remove(name, signal) {
      const blob = blobOf(name);
      try {
        await attempt(`remove the record ${name}`, () => blob.delete(abortBy(signal)), signal);
      } catch (error) {
        if (!isFailure(error, 'not-found') || error.details['afterLostReply'] !== true) throw error;
      }
    },
    async *list(prefix, signal) {
      for await (const some of names(prefix, signal))
        for (const record of await Promise.all(some.map((name) => read(name, signal))))
          if (record !== undefined) yield record;
    },
  };
}

interface Page {
  readonly segment: { readonly blobItems: readonly { readonly name: string }[] };
  readonly continuationToken?: string | undefined;
}

export function abortBy(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

async function textOf(body: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    size += chunk.length;
    if (size > recordBytes) throw new Failure('hub-failed', 'a record in the storage is larger than records may be');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function recordOf(
  name: string,
  { text, etag }: { readonly text: string; readonly etag: string | undefined },
): StoredRecord {
  const value = parseJsonObject(text);
  if (value === undefined || etag === undefined)
    throw new Failure('hub-failed', `the record ${name} in the storage is no JSON object; somebody else wrote it`);
  return { name, value, etag };
}
