import { sql, type Compilable, type Kysely } from 'kysely';
import type { Query } from '../../../protocol/query/index.ts';
import type { QueryPage } from '../../core/ports.ts';
import { conditionSql } from './compile/conditions.ts';
import { pathColumns, planGroups, toRow, type GroupPlan, type OutputColumn } from './compile/columns.ts';
import { readPageToken, writePageToken, type PagePlace } from './page-token.ts';
import { identityColumns, toRecord, twinColumns } from './rows.ts';
import type { RegistrySchema } from './schema.ts';
import type { IndexedTag } from './tag-index.ts';
import type { SqlValue } from './thread/messages.ts';

/** As {@link recordColumns}, of the tables they are in. */
const qualifiedColumns = [
  ...identityColumns.map((column) => `i.${column}` as const),
  ...twinColumns.map((column) => `t.${column}` as const),
];

type Rows = readonly (readonly SqlValue[])[];

export interface QueryRun {
  readonly database: Kysely<RegistrySchema>;
  /** Runs a statement on the database thread. */
  readonly run: (statement: Compilable) => Promise<Rows>;
  readonly query: Query;
  /** The part of the condition that an index answers. */
  readonly indexed?: IndexedTag | undefined;
  readonly page: { readonly limit: number; readonly after?: string | undefined };
}

/** A page that is being read: where it begins and how many rows it may hold. */
interface PageRequest extends QueryRun {
  readonly place: PagePlace;
  readonly room: number;
}

/** Runs one page of a query as one statement. Throws HubError ArgumentInvalid when the page token is not one of this query. */
export async function runQuery(request: QueryRun): Promise<QueryPage> {
  const { query, page } = request;
  const place = readPageToken(query, page.after);
  const room = pageRoom(query, page.limit, place);
  const nothing: QueryPage = { type: query.select === 'all' ? 'Twin' : 'Raw', rows: [], next: undefined };
  if (query.source === 'devices.jobs' || room === 0) return nothing;
  const pageRequest = { ...request, place, room };
  if (query.select === 'all') return readRecords(pageRequest);
  const grouped = query.groupBy.length > 0 || query.select.some((item) => item.kind === 'aggregate');
  return grouped
    ? readGroups(pageRequest, planGroups(query.select, query.groupBy))
    : readColumns(pageRequest, pathColumns(query.select));
}

async function readRecords(request: PageRequest): Promise<QueryPage> {
  const rows = await request.run(pageRows(request).select([...qualifiedColumns]));
  const records = rows.slice(0, request.room).map((row) => toRecord(row));
  return { type: 'Twin', rows: records, next: nextToken(request, rows, records.at(-1) ?? {}) };
}

async function readColumns(request: PageRequest, columns: readonly OutputColumn[]): Promise<QueryPage> {
  const selected = columns.map((column, index) => column.value.as(`c${index}`));
  const rows = await request.run(pageRows(request).select(['i.device_id', 'i.module_id', ...selected]));
  const given = rows.slice(0, request.room);
  return {
    type: 'Raw',
    rows: given.map((row) => toRow(columns, row.slice(2))),
    next: nextToken(request, rows, { deviceId: given.at(-1)?.[0], moduleId: given.at(-1)?.[1] }),
  };
}

async function readGroups(request: PageRequest, plan: GroupPlan): Promise<QueryPage> {
  const inner = plan.inner.map(({ alias, value }) => value.as(alias));
  // Without any inner column COUNT() still needs rows to count.
  const devices = matching(request).select([sql`1`.as('one'), ...inner]);
  let groups = request.database
    .selectFrom(devices.as('devices'))
    .select(plan.outer.map((column, index) => column.value.as(`c${index}`)))
    .limit(request.room + 1)
    .offset(request.place.given);
  for (const alias of plan.groups) groups = groups.groupBy(sql.ref(alias)).orderBy(sql.ref(alias));
  const rows = await request.run(groups);
  return {
    type: 'Raw',
    rows: rows.slice(0, request.room).map((row) => toRow(plan.outer, row)),
    next: nextToken(request, rows, {}),
  };
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
function matching({ database, query, indexed }: QueryRun) {
  const [, moduleId] = indexed === undefined ? namesOf('i') : namesOf('v');
  // CROSS JOIN keeps SQLite from changing the order: the index first, so that only what it found is looked up.
  const source = indexed === undefined ? sql`identities` : sql`tag_values AS v CROSS JOIN identities`;
  const identities = database
    .selectFrom(sql<RegistrySchema['identities']>`${source}`.as('i'))
    .leftJoin('twins as t', 't.id', 'i.id')
    // As the partial indexes have it.
    .where(query.source === 'devices' ? sql<boolean>`${moduleId} = ''` : sql<boolean>`${moduleId} > ''`);
  const conditions = indexed === undefined ? [query.where].filter((part) => part !== undefined) : indexed.rest;
  const filtered = conditions.reduce(
    (rows, condition) => rows.where(conditionSql(condition) as ReturnType<typeof sql<boolean>>),
    identities,
  );
  return indexed === undefined ? filtered : filtered.where(inIndex(indexed));
}

function inIndex({ pathId, kind, values }: IndexedTag) {
  const [only] = values;
  const value = values.length === 1 ? sql`v.value = ${only}` : sql`v.value IN (${sql.join(values)})`;
  return sql<boolean>`i.id = v.id AND v.path_id = ${pathId} AND v.kind = ${kind} AND ${value}`;
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
