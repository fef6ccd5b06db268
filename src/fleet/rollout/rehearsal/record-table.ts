import type { StoredRecord } from '../../../client/records.ts';
import { Failure } from '../../../errors/index.ts';
import { compareText } from '../../../protocol/query/index.ts';
import { recordBytes, recordNameProblem } from '../../../protocol/records.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';

/** Records by name, as a hub keeps them. Values are copied on their way in and out. */
export interface RecordTable {
  read(name: string): StoredRecord | undefined;
  /** Answers the new etag. Failures: changed-meanwhile, invalid-value (name), invalid-input (too large). */
  write(name: string, value: JsonObject, etag: string | undefined): string;
  /** Failure: not-found. */
  remove(name: string): void;
  list(prefix: string): StoredRecord[];
}

export function createRecordTable(): RecordTable {
  const stored = new Map<string, { readonly json: string; readonly etag: string }>();
  let counter = 0;

  function read(name: string): StoredRecord | undefined {
    const record = stored.get(name);
    return record && { name, value: JSON.parse(record.json) as JsonObject, etag: record.etag };
  }

  return {
    read,
    write(name, value, condition) {
      const problem = recordNameProblem(name);
      if (problem !== undefined) throw new Failure('invalid-value', `a record cannot be called ${name}: ${problem}`);
      const present = stored.get(name)?.etag ?? 'none';
      if (condition !== undefined && condition !== present)
        throw new Failure('changed-meanwhile', `the record ${name} was changed meanwhile`, { details: { name } });
      const json = JSON.stringify(value);
      if (Buffer.byteLength(json) > recordBytes)
        throw new Failure('invalid-input', `the record ${name} is larger than ${recordBytes} bytes`);
      const etag = etagOf(++counter);
      stored.set(name, { json, etag });
      return etag;
    },
    remove(name) {
      if (!stored.delete(name)) throw new Failure('not-found', `there is no record ${name}`);
    },
    list: (prefix) =>
      [...stored.keys()]
        .filter((name) => name.startsWith(prefix))
        .toSorted(compareText)
        .map((name) => read(name))
        .filter((record) => record !== undefined),
  };
}
