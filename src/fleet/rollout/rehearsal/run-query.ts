import { Failure } from '../../../errors/index.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import {
  compareText,
  evaluate,
  parseQuery,
  readPath,
  type AggregateName,
  type Expression,
  type Query,
  type QueryValue,
  type SelectItem,
} from '../../../protocol/query/index.ts';
import { setMember } from '../../../protocol/twin/index.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';

/** Rows of one page of our hub when nothing else is asked for. */
const pageRows = 100;

/** Twins in the order of their ids. */
export interface TwinSource {
  /** Beginning behind one of them. */
  all(after: string | undefined): Iterable<JsonObject>;
  find(deviceId: string): JsonObject | undefined;
}

/**
 * A query over twins, page by page, with the rows that the hub's SQL gives. `twins` are asked again for each page, so that a page shows
 * the twins as they are when it is read. Failure: invalid-query.
 */
export function* queryPages(
  text: string,
  twins: TwinSource,
  pageSize: number = pageRows,
): Generator<JsonObject[], void, undefined> {
  const query = parsed(text);
  if (query.source !== 'devices') throw new Failure('unsupported', `there are no ${query.source} here`);
  if (query.select === 'all' || !isGrouped(query.select, query)) yield* rowPages(query, twins, pageSize);
  else yield* chunks(groupRows(query, query.select, matching(query, candidates(query, twins))), pageSize);
}

function parsed(text: string): Query {
  try {
    return parseQuery(text);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new Failure('invalid-query', `the query is not valid: ${error.message}`, { details: { query: text } });
  }
}

function isGrouped(select: readonly SelectItem[], query: Query): boolean {
  return query.groupBy.length > 0 || select.some((item) => item.kind === 'aggregate');
}

function* matching({ where }: Query, twins: Iterable<JsonObject>): Generator<JsonObject, void, undefined> {
  for (const twin of twins) if (where === undefined || evaluate(where, (path) => readPath(twin, path))) yield twin;
}

/** Devices that a condition names are looked up instead of looked for. */
function* candidates({ where }: Query, twins: TwinSource, after?: string): Generator<JsonObject, void, undefined> {
  const named = where === undefined ? undefined : namedIds(where);
  if (named === undefined) return yield* twins.all(after);
  for (const deviceId of [...new Set(named)].toSorted(compareText)) {
    const twin = after === undefined || compareText(deviceId, after) > 0 ? twins.find(deviceId) : undefined;
    if (twin !== undefined) yield twin;
  }
}

/** The ids outside of which a condition cannot hold; undefined when it does not say. */
function namedIds(where: Expression): string[] | undefined {
  if (where.kind === 'and') return namedIds(where.left) ?? namedIds(where.right);
  if (where.kind === 'in' && !where.negated && isDeviceId(where.operand))
    return where.items.filter((item) => typeof item === 'string');
  if (where.kind !== 'compare' || where.operator !== '=' || !isDeviceId(where.left)) return undefined;
  return where.right.kind === 'literal' && typeof where.right.value === 'string' ? [where.right.value] : undefined;
}

function isDeviceId(expression: Expression): boolean {
  return expression.kind === 'path' && expression.segments.length === 1 && expression.segments[0] === 'deviceId';
}

function* rowPages(query: Query, twins: TwinSource, pageSize: number): Generator<JsonObject[]> {
  let room = query.top ?? Number.POSITIVE_INFINITY;
  let after: string | undefined;
  while (room > 0) {
    const page: JsonObject[] = [];
    for (const twin of matching(query, candidates(query, twins, after))) {
      if (page.length >= Math.min(room, pageSize)) break;
      page.push(twin);
    }
    if (page.length === 0) return;
    after = textOf(page.at(-1)?.['deviceId']);
    room -= page.length;
    const { select } = query;
    yield select === 'all' ? page : page.map((twin) => project(select, twin));
    if (page.length < pageSize) return;
  }
}

function project(select: readonly SelectItem[], twin: JsonObject): JsonObject {
  const row: JsonObject = {};
  for (const item of select) {
    const value = item.segments === undefined ? undefined : readPath(twin, item.segments);
    if (value !== undefined) setMember<JsonValue>(row, item.name, value);
  }
  return row;
}

function groupRows(query: Query, select: readonly SelectItem[], twins: Iterable<JsonObject>): JsonObject[] {
  const groups = new Map<string, JsonObject[]>();
  if (query.groupBy.length === 0) groups.set('', []);
  for (const twin of twins) {
    const key = JSON.stringify(query.groupBy.map((path) => readPath(twin, path) ?? null));
    const name = query.groupBy.length === 0 ? '' : key;
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [twin]);
    else members.push(twin);
  }
  const sorted = [...groups].toSorted(([a], [b]) => compareText(a, b));
  return sorted.slice(0, query.top ?? sorted.length).map(([, members]) => groupRow(select, members));
}

function groupRow(select: readonly SelectItem[], members: readonly JsonObject[]): JsonObject {
  const row: JsonObject = {};
  for (const item of select) {
    const value =
      item.kind === 'aggregate'
        ? aggregate(item.aggregate, members, item)
        : members[0] && readPath(members[0], item.segments);
    if (value !== undefined) setMember<JsonValue>(row, item.name, value);
  }
  return row;
}

function aggregate(
  name: AggregateName,
  members: readonly JsonObject[],
  { segments }: Extract<SelectItem, { kind: 'aggregate' }>,
): QueryValue {
  if (segments === undefined) return members.length;
  const values = members.map((twin) => readPath(twin, segments)).filter((value) => value !== undefined);
  if (name === 'COUNT') return values.length;
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((total, value) => total + value, 0);
  if (name === 'SUM') return sum;
  if (name === 'AVG') return sum / numbers.length;
  return numbers.reduce((found, value) => (name === 'MIN' ? Math.min(found, value) : Math.max(found, value)));
}

function* chunks(rows: readonly JsonObject[], size: number): Generator<JsonObject[], void, undefined> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
