import { Failure, isFailure } from '../errors/index.ts';
import { recordBytes, recordNameProblem, recordsPath, type RecordPage } from '../protocol/records.ts';
import { canonicalJson } from '../std/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { ifMatch } from './devices.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient, ServiceRequest } from './http/service-client.ts';

/** A JSON document that a back-end program keeps at the hub. */
export interface StoredRecord {
  readonly name: string;
  readonly value: JsonObject;
  /** Another after every write, also of the same content. */
  readonly etag: string;
}

/**
 * Small JSON documents of programs that work on a hub, such as the record of a rollout: at iotctl's own hub as an extension, for a hub in
 * the cloud in a storage container. Names are paths such as `rollouts/pump-2/state`, of at most 8 parts. Every write is on disk when its
 * promise resolves. Failures: not-found (read of a name that is not there answers undefined instead), changed-meanwhile,
 * invalid-value (name), invalid-input (too large), unsupported, and those of any request.
 */
export interface RecordStore {
  read(name: string, signal?: AbortSignal): Promise<StoredRecord | undefined>;
  /**
   * Creates where `etag` is `none` and else replaces that etag; unconditional when absent. Answers the new etag.
   * Failure changed-meanwhile: it exists already, is gone, or was changed. At most {@link recordBytes} of JSON.
   * A write whose answer was lost is tried again, and what it finds of its own making is a success.
   */
  write(
    name: string,
    value: JsonObject,
    condition?: { readonly etag?: string; readonly signal?: AbortSignal },
  ): Promise<string>;
  /** Whatever is there. Failure not-found. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** Records whose names begin with the prefix, in the byte order of their names. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredRecord>;
}

const extension: Extension = {
  name: 'records',
  instead: 'test against a hub of iotctl: iotctl hub start, without --imitate',
};

export function createRecordStore(client: ServiceClient): RecordStore {
  const send = (request: Omit<ServiceRequest, 'extension'>) => client.request({ ...request, extension });

  const read: RecordStore['read'] = async (name, signal) => {
    const path = pathOf(name);
    try {
      const answer = await send({ method: 'GET', path, action: `read the record ${name}`, signal });
      return parseAnswer(answer, isRecord, 'record');
    } catch (error) {
      if (isFailure(error, 'not-found')) return undefined;
      throw error;
    }
  };

  return {
    read,
    async write(name, value, { etag, signal } = {}) {
      const path = pathOf(name);
      checkRecordSize(name, value);
      const action = `write the record ${name}`;
      try {
        const answer = await send({ method: 'PUT', path, headers: conditionOf(etag), body: value, action, signal });
        return parseAnswer(answer, hasEtag, 'record').etag;
      } catch (error) {
        // The first try may have been stored and its answer lost: what is there decides.
        if (!isFailure(error, 'changed-meanwhile') || error.details['afterLostReply'] !== true) throw error;
        const there = await read(name, signal);
        if (there === undefined || !sameRecord(there.value, value)) throw error;
        return there.etag;
      }
    },
    async remove(name, signal) {
      const path = pathOf(name);
      try {
        await send({ method: 'DELETE', path, action: `remove the record ${name}`, signal });
      } catch (error) {
        if (!isFailure(error, 'not-found') || error.details['afterLostReply'] !== true) throw error;
      }
    },
    async *list(prefix, signal) {
      let after: string | undefined;
      do {
        const query: Record<string, string> = after === undefined ? { prefix } : { prefix, after };
        const answer = await send({ method: 'GET', path: recordsPath, query, action: 'list records', signal });
        const page = parseAnswer(answer, isPage, 'list of records');
        yield* page.records;
        after = page.next ?? undefined;
      } while (after !== undefined);
    },
  };
}

/** Failure invalid-value for a name that no store takes. */
export function checkRecordName(name: string): void {
  const problem = recordNameProblem(name);
  if (problem !== undefined) throw new Failure('invalid-value', `the name of a record ${problem}: ${name}`);
}

/** Failure invalid-input for more than a record may hold. Answers the text. */
export function checkRecordSize(name: string, value: JsonObject): string {
  const text = JSON.stringify(value);
  const size = Buffer.byteLength(text);
  if (size > recordBytes)
    throw new Failure('invalid-input', `the record ${name} is ${size} bytes, and ${recordBytes} is the most`);
  return text;
}

/** True when two values are the same JSON, in whatever order their members stand. */
export function sameRecord(left: JsonObject, right: JsonObject): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

function pathOf(name: string): string {
  checkRecordName(name);
  return `${recordsPath}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

function conditionOf(etag: string | undefined): Record<string, string> {
  if (etag === undefined) return {};
  return etag === 'none' ? { 'If-None-Match': '*' } : { 'If-Match': ifMatch(etag) };
}

function isRecord(value: object): value is StoredRecord {
  return (
    hasEtag(value) && 'name' in value && typeof value.name === 'string' && 'value' in value && isJsonObject(value.value)
  );
}

function hasEtag(value: object): value is { readonly etag: string } {
  return 'etag' in value && typeof value.etag === 'string';
}

function isPage(value: object): value is RecordPage & { readonly records: readonly StoredRecord[] } {
  return (
    'next' in value &&
    'records' in value &&
    Array.isArray(value.records) &&
    value.records.every((item: unknown) => isJsonObject(item) && isRecord(item))
  );
}
