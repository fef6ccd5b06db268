import { sql } from 'kysely';
import type { AggregateName, PathSegment, SelectItem } from '../../../../protocol/query/index.ts';
import type { JsonObject, JsonValue } from '../../../../std/json.ts';
import type { SqlValue } from '../thread/messages.ts';
import { pathSql, type Decoding } from './paths.ts';
import { firstOf, undefinedSql, type Sql } from './typed-sql.ts';

/** One member of the rows of a projection. */
export interface OutputColumn {
  readonly name: string;
  readonly value: Sql;
  readonly decoding: Decoding;
}

/** A grouped query in two steps: inner columns for each device, and what the outer query makes of them. */
export interface GroupPlan {
  readonly inner: readonly { readonly alias: string; readonly value: Sql }[];
  /** The inner columns that make the groups. */
  readonly groups: readonly string[];
  readonly outer: readonly OutputColumn[];
}

type Aggregate = Extract<SelectItem, { kind: 'aggregate' }>;

export function pathColumns(items: readonly SelectItem[]): OutputColumn[] {
  return items.filter((item) => item.kind === 'path').map((item) => outputOf(item.name, item.segments));
}

export function planGroups(items: readonly SelectItem[], groupBy: readonly (readonly PathSegment[])[]): GroupPlan {
  const groupKeys = groupBy.map((segments) => JSON.stringify(segments));
  const grouped = groupBy.map((segments, index) => ({ alias: `g${index}`, ...outputOf('', segments) }));
  const inner = grouped.map(({ alias, value }) => ({ alias, value }));
  const outer = items.map((item, index): OutputColumn => {
    if (item.kind === 'path') {
      const group = grouped[groupKeys.indexOf(JSON.stringify(item.segments))];
      return {
        name: item.name,
        value: group === undefined ? undefinedSql : sql.ref(group.alias),
        decoding: group?.decoding ?? 'plain',
      };
    }
    const typed = item.segments === undefined ? {} : pathSql(item.segments).typed;
    const [numbers, texts] = [`n${index}`, `s${index}`];
    inner.push(
      { alias: numbers, value: typed.number ?? undefinedSql },
      { alias: texts, value: typed.string ?? undefinedSql },
    );
    return { name: item.name, value: aggregateSql(item, sql.ref(numbers), sql.ref(texts)), decoding: 'plain' };
  });
  return { inner, groups: grouped.map(({ alias }) => alias), outer };
}

/** SUM and AVG take numbers and pass over the rest; MIN and MAX take numbers or, where there are none, texts such as times. */
function aggregateSql(item: Aggregate, numbers: Sql, texts: Sql): Sql {
  const functions: Readonly<Record<AggregateName, () => Sql>> = {
    COUNT: () => sql`count(*)`,
    SUM: () => sql`sum(CAST(${numbers} AS REAL))`,
    AVG: () => sql`avg(${numbers})`,
    MIN: () => firstOf([sql`min(${numbers})`, sql`min(${texts})`]),
    MAX: () => firstOf([sql`max(${numbers})`, sql`max(${texts})`]),
  };
  return functions[item.aggregate]();
}

function outputOf(name: string, segments: readonly PathSegment[]): OutputColumn {
  return { name, ...(pathSql(segments).output ?? { value: undefinedSql, decoding: 'plain' }) };
}

/** A row as JSON; members that are undefined are left out (service.md §5.2). */
export function toRow(columns: readonly OutputColumn[], row: readonly SqlValue[]): JsonObject {
  const members: [string, JsonValue][] = [];
  for (const [index, column] of columns.entries()) {
    const value = decode(column.decoding, row[index] ?? null);
    if (value !== undefined) members.push([column.name, value]);
  }
  return Object.fromEntries(members);
}

function decode(decoding: Decoding, value: SqlValue): JsonValue | undefined {
  if (value === null || value instanceof Uint8Array) return undefined;
  if (decoding === 'boolean') return value === 1;
  if (decoding === 'json') return JSON.parse(String(value)) as JsonValue;
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}
