import { createHash } from 'node:crypto';
import type { RecordStore, StoredRecord } from '../../src/client/records.ts';
import { Failure } from '../../src/errors/index.ts';
import { canonicalJson } from '../../src/std/canonical-json.ts';
import type { JsonObject } from '../../src/std/json.ts';

/** Records in memory, with the promises of the real store; values are copied on their way in and out. */
export function memoryRecords(initial: Readonly<Record<string, JsonObject>> = {}): RecordStore & {
  /** Names in byte order. */
  names(): string[];
} {
  const held = new Map<string, string>(Object.entries(initial).map(([name, value]) => [name, JSON.stringify(value)]));
  // The count of writes is a part, so that a record that is changed and changed back has another etag.
  let writes = 0;
  const etags = new Map<string, string>();
  const etagOf = (name: string): string => etags.get(name) ?? `"initial-${name}"`;
  const stored = (name: string, text: string): StoredRecord => ({
    name,
    value: JSON.parse(text) as JsonObject,
    etag: etagOf(name),
  });
  const names = (): string[] =>
    [...held.keys()].toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  return {
    names,
    async read(name) {
      const text = held.get(name);
      return text === undefined ? undefined : stored(name, text);
    },
    async write(name, value, condition = {}) {
      const { etag } = condition;
      const before = held.get(name);
      const fits =
        etag === undefined || (etag === 'none' ? before === undefined : before !== undefined && etagOf(name) === etag);
      if (!fits) throw new Failure('changed-meanwhile', `the record ${name} was changed`);
      held.set(name, JSON.stringify(value));
      writes += 1;
      etags.set(name, `"${writes}-${createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 8)}"`);
      return etagOf(name);
    },
    async remove(name) {
      if (!held.delete(name)) throw new Failure('not-found', `there is no record ${name}`);
    },
    async *list(prefix) {
      for (const name of names()) {
        const text = held.get(name);
        if (text !== undefined && name.startsWith(prefix)) yield stored(name, text);
      }
    },
  };
}
