import { sql, type Compilable, type Kysely } from 'kysely';
import type { Query } from '../../../protocol/query/index.ts';
import type { QueryPage } from '../../core/ports.ts';
import { conditionSql } from './compile/conditions.ts';
import { prefilterSql } from './compile/prefilter.ts';
import { balanced } from './compile/typed-sql.ts';
import { pathColumns, planGroups, toRow, type GroupPlan, type OutputColumn } from './compile/columns.ts';
import { readPageToken, writePageToken, type PagePlace } from './page-token.ts';
import { topParts } from './property-condition.ts';
import type { IndexedProperty } from './property-index.ts';
import { countsAlone, isGrouped, readsTwins, workOf } from './query-work.ts';
import type { Work } from './readers.ts';
import { identityColumns, toRecord, twinColumns } from './rows.ts';
import type { RegistrySchema } from './schema.ts';
import type { SqlValue } from './thread/messages.ts';
import { askedByRows } from './thread/time-limit.ts';

/** As {@link recordColumns}, of the tables they are in. */
const qualifiedColumns = [
  ...identityColumns.map((column) => `i.${column}` as const),
  ...twinColumns.map((column) => `t.${column}` as const),
];

type Rows = readonly (readonly SqlValue[])[];

export interface QueryRun {
  readonly database: Kysely<RegistrySchema>;
  readonly run: (statement: Compilable, work: Work) => Promise<Rows>;
  readonly query: Query;
  /** The part of the condition that an index answers. */
  readonly indexed?: IndexedProperty | undefined;
  readonly page: { readonly limit: number; readonly after?: string | undefined };
}

/** A page that is being read: where it begins and how many rows it may hold. */
interface PageRequest extends QueryRun {
  readonly place: PagePlace;
  readonly room: number;
  readonly work: Work;
}

/** So many parts of a condition have a shortcut looked at: the first that fails decides, and SQLite bounds how long a statement is. */
const mostPrefilters = 8;

/** Runs one page of a query as one statement. Throws HubError ArgumentInvalid when the page token is not one of this query. */
export async function runQuery(request: QueryRun): Promise<QueryPage> {
  const { query, page } = request;
  const place = readPageToken(query, page.after);
  const room = pageRoom(query, page.limit, place);
  const nothing: QueryPage = { type: query.select === 'all' ? 'Twin' : 'Raw', rows: [], next: undefined };
  if (query.source === 'devices.jobs' || room === 0) return nothing;
  const pageRequest = { ...request, place, room, work: workOf(query, request.indexed) };
  if (query.select === 'all') return readRecords(pageRequest);
  return isGrouped(query)
    ? readGroups(pageRequest, planGroups(query.select, query.groupBy))
    : readColumns(pageRequest, pathColumns(query.select));
}

async function readRecords(request: PageRequest): Promise<QueryPage> {
  const rows = await request.run(pageRows(request).select([...qualifiedColumns]), request.work);
  const records = rows.slice(0, request.room).map((row) => toRecord(row));
  return { type: 'Twin', rows: records, next: nextToken(request, rows, records.at(-1) ?? {}) };
}

async function readColumns(request: PageRequest, columns: readonly OutputColumn[]): Promise<QueryPage> {
  const selected = columns.map((column, index) => column.value.as(`c${index}`));
  const statement = pageRows(request).select(['i.device_id', 'i.module_id', ...selected]);
  const rows = await request.run(statement, request.work);
  const given = rows.slice(0, request.room);
  return {
    type: 'Raw',
    rows: given.map((row) => toRow(columns, row.slice(2))),
    next: nextToken(request, rows, { deviceId: given.at(-1)?.[0], moduleId: given.at(-1)?.[1] }),
  };
}

async function readGroups(request: PageRequest, plan: GroupPlan): Promise<QueryPage> {
  let groups = request.database
    .selectFrom(groupedRows(request, plan).as('devices'))
    .select(plan.outer.map((column, index) => column.value.as(`c${index}`)))
    .limit(request.room + 1)
    .offset(request.place.given);
  for (const alias of plan.groups) groups = groups.groupBy(sql.ref(alias)).orderBy(sql.ref(alias));
  const rows = await request.run(groups, request.work);
  return {
    type: 'Raw',
    rows: rows.slice(0, request.room).map((row) => toRow(plan.outer, row)),
    next: nextToken(request, rows, {}),
  };
}

/** One row for each identity that is counted or grouped. */
function groupedRows(request: PageRequest, plan: GroupPlan) {
  const { database, query, indexed } = request;
  const inner = plan.inner.map(({ alias, value }) => value.as(alias));
  // Without any inner column COUNT() still needs rows to count.
  const rows = matching(request).select([sql`1`.as('one'), ...inner]);
  if (indexed?.rest.length !== 0 || !countsAlone(query)) return rows;
  // What the index alone can count needs no identities.
  const counted = database
    .selectFrom(sql<RegistrySchema['identities']>`property_values`.as('v'))
    .where(ofSource(query, 'v'))
    .where(inIndex(indexed))
    .where(sql<boolean>`${sql.raw(askedByRows('v.id'))}`)
    .select([sql`1`.as('one')]);
  return counted as unknown as typeof rows;
}

/** One row for each identity of the page and one more, which tells whether there is another page. */
function pageRows(request: PageRequest) {
  const { afterDevice, afterModule } = request.place;
  // Of the table that is read first, so that its order serves.
  const [deviceId, moduleId] = request.indexed === undefined ? namesOf('i') : namesOf('v');
  const rows = matching(request).limit(request.room + 1);
  if (request.query.source === 'devices')
    return rows.where(sql<boolean>`${deviceId} > ${afterDevice}`).orderBy(deviceId);
  return rows
    .where(sql<boolean>`(${deviceId}, ${moduleId}) > (${afterDevice}, ${afterModule})`)
    .orderBy(deviceId)
    .orderBy(moduleId);
}

function namesOf(table: 'i' | 'v') {
  return [sql.ref<string>(`${table}.device_id`), sql.ref<string>(`${table}.module_id`)] as const;
}

/** The twin is joined from the left, so that SQLite leaves it out where a query does not look into it. */
/** The identities that a query selects. */
function matching({ database, query, indexed }: QueryRun) {
  const table = indexed === undefined ? 'i' : 'v';
  // CROSS JOIN keeps SQLite from changing the order: the index first, so that only what it found is looked up.
  const source = indexed === undefined ? sql`identities` : sql`property_values AS v CROSS JOIN identities`;
  const identities = database.selectFrom(sql<RegistrySchema['identities']>`${source}`.as('i'));
  const withTwins = identities.leftJoin('twins as t', 't.id', 'i.id');
  const conditions = indexed === undefined ? topParts(query.where) : indexed.rest;
  // Without columns of twins nobody misses them; SQLite would read them even to count.
  const rows = readsTwins(query, conditions) ? withTwins : (identities as unknown as typeof withTwins);
  const prefilters = conditions.flatMap((part) => prefilterSql(part) ?? []).slice(0, mostPrefilters);
  const all = [...prefilters, ...conditions.map((condition) => conditionSql(condition))];
  const filtered = rows
    .where(ofSource(query, table))
    .where(sql<boolean>`${sql.raw(askedByRows(`${table}.id`))}`)
    .where(indexed === undefined ? sql<boolean>`true` : sql<boolean>`i.id = v.id AND ${inIndex(indexed)}`);
  return all.length === 0 ? filtered : filtered.where(balanced('AND', all) as ReturnType<typeof sql<boolean>>);
}

/** As the partial indexes have it. */
function ofSource({ source }: Query, table: 'i' | 'v') {
  const [, moduleId] = namesOf(table);
  return source === 'devices' ? sql<boolean>`${moduleId} = ''` : sql<boolean>`${moduleId} > ''`;
}

function inIndex({ pathId, kind, values }: IndexedProperty) {
  const [only] = values;
  const value = values.length === 1 ? sql`v.value = ${only}` : sql`v.value IN (${sql.join(values)})`;
  return sql<boolean>`v.path_id = ${pathId} AND v.kind = ${kind} AND ${value}`;
}

/** How many rows this page may still hold: TOP counts over all pages. */
function pageRoom(query: Query, limit: number, place: PagePlace): number {
  const size = Math.max(1, Math.trunc(limit));
  return query.top === undefined ? size : Math.max(0, Math.min(size, query.top - place.given));
}

/** The identity a page ends with; groups have none. */
interface LastRow {
  readonly deviceId?: SqlValue | undefined;
  readonly moduleId?: SqlValue | undefined;
}

function nextToken(request: PageRequest, rows: Rows, last: LastRow): string | undefined {
  const { query, place, room } = request;
  const given = place.given + room;
  if (rows.length <= room || (query.top !== undefined && given >= query.top)) return undefined;
  const { deviceId, moduleId } = last;
  return writePageToken(query, { afterDevice: textOf(deviceId), afterModule: textOf(moduleId), given });
}

function textOf(value: SqlValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
