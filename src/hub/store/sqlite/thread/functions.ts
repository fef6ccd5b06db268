import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { queryFunctions, type QueryFunction, type QueryValue } from '../../../../protocol/query/index.ts';
import { isoMillis } from '../../../../protocol/time.ts';
import { etagOf } from '../../../../protocol/twin/index.ts';
import type { SqlValue } from './messages.ts';
import { goOnFunction, type TimeLimit } from './time-limit.ts';

/** The SQL name of a function of the query language. */
export function sqlFunctionName(name: string): string {
  return `iotctl_${name.toLowerCase()}`;
}

/** SQL names of the stamps a twin shows in another form than the store keeps. */
export const stampFunctions = { etag: 'iotctl_etag', time: 'iotctl_time', remainder: 'iotctl_remainder' } as const;

/** Gives SQL the language's own functions over texts and numbers, so that both ways to evaluate a condition agree to the letter. */
export function defineFunctions(database: DatabaseSync, limit: TimeLimit): void {
  for (const [name, entry] of queryFunctions) {
    if (isScalar(entry)) {
      database.function(sqlFunctionName(name), { deterministic: true, varargs: true }, (...args) => apply(entry, args));
    }
  }
  database.function(goOnFunction, {}, () => limit.check());
  database.function(stampFunctions.etag, { deterministic: true }, (counter) => etagOf(Number(counter)));
  database.function(stampFunctions.time, { deterministic: true }, (time) => isoMillis(Number(time)));
  database.function(stampFunctions.remainder, { deterministic: true }, (left, right) =>
    typeof left === 'number' && typeof right === 'number' ? numberOrNull(left % right) : null,
  );
}

/** True for a function SQL can call with plain values; the others look into JSON and are compiled. */
export function isScalar(entry: QueryFunction): boolean {
  return entry.parameters.every((type) => type === 'string' || type === 'number' || type === 'string or number');
}

function apply(entry: QueryFunction, args: readonly SQLOutputValue[]): SqlValue {
  if (args.includes(null)) return null;
  return toSql(entry.apply(...(args as readonly QueryValue[])));
}

function toSql(value: QueryValue): SqlValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return numberOrNull(value);
  return typeof value === 'string' ? value : null;
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
