import { createHash } from 'node:crypto';
import type { DeviceJob } from '../../../protocol/job.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import { chainOperands, evaluate, readPath, type Expression, type Query } from '../../../protocol/query/index.ts';
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { jobCollections } from './job-record.ts';
import type { Page, PageRequest } from './service.ts';

const collection = jobCollections.devices;

export function deviceJobChange(job: DeviceJob): DocumentChange {
  const id = deviceJobId(job.jobId, identityPath(job.deviceId, job.moduleId));
  return { kind: 'put', collection, id, value: job as unknown as JsonObject };
}

function deviceJobId(jobId: string, identity: IdentityPath): string {
  return `${jobId}/${identity}`;
}

/** The device jobs of a job in the order of their ids, page by page. Pages are read when they are asked for. */
export async function* readDeviceJobs(
  documents: DocumentStore,
  jobId: string,
  pageSize: number,
): AsyncGenerator<DeviceJob[], void, undefined> {
  const prefix = deviceJobId(jobId, '');
  let after: string | undefined;
  do {
    const page = await documents.list(collection, { limit: pageSize, after, prefix });
    if (page.length > 0) yield page.map(({ value }) => value as unknown as DeviceJob);
    after = page.length < pageSize ? undefined : page.at(-1)?.id;
  } while (after !== undefined);
}

export async function removeDeviceJobs(documents: DocumentStore, jobId: string, pageSize: number): Promise<void> {
  const prefix = deviceJobId(jobId, '');
  for (;;) {
    const page = await documents.list(collection, { limit: pageSize, prefix });
    if (page.length === 0) return;
    await documents.write(page.map(({ id }) => ({ kind: 'delete', collection, id })));
  }
}

/** A page of a query looks at this many rows before it is given, full or not: an empty page with a token is legal. */
const scanLimit = 10_000;
const scanPage = 500;

/** `SELECT * FROM devices.jobs`. A condition that names one job reads only that job's rows. Source: service.md §5.2, §6.2. */
export async function queryDeviceJobs(
  documents: DocumentStore,
  query: Query,
  { limit, after }: PageRequest,
): Promise<Page<DeviceJob>> {
  const jobId = query.where === undefined ? undefined : namedJob(query.where);
  const prefix = jobId === undefined ? '' : deviceJobId(jobId, '');
  const place = readToken(query, after);
  const room = Math.min(limit, (query.top ?? Number.POSITIVE_INFINITY) - place.given);
  const rows: DeviceJob[] = [];
  let last: string | undefined = place.id;
  let scanned = 0;
  while (rows.length < room && scanned < scanLimit) {
    const page = await documents.list(collection, { limit: scanPage, after: last, prefix });
    for (const { id, value } of page) {
      last = id;
      scanned++;
      if (matches(query, value)) rows.push(value as unknown as DeviceJob);
      if (rows.length === room) break;
    }
    if (page.length < scanPage && last === (page.at(-1)?.id ?? last)) return { rows, next: undefined };
  }
  const given = place.given + rows.length;
  const done = last === undefined || (query.top !== undefined && given >= query.top);
  return { rows, next: done ? undefined : writeToken(query, { id: last, given }) };
}

function matches({ where }: Query, row: JsonObject): boolean {
  return where === undefined || evaluate(where, (segments) => readPath(row, segments));
}

/** The job that a condition can only hold for: `jobId = 'x'`, alone or joined to others by AND. */
function namedJob(where: Expression): string | undefined {
  if (where.kind === 'and')
    return chainOperands({ ...where, kind: 'and' })
      .map(namedJob)
      .find((id) => id !== undefined);
  if (where.kind !== 'compare' || where.operator !== '=') return undefined;
  for (const [path, literal] of [
    [where.left, where.right],
    [where.right, where.left],
  ]) {
    if (path?.kind !== 'path' || literal?.kind !== 'literal' || typeof literal.value !== 'string') continue;
    if (path.segments.length === 1 && path.segments[0] === 'jobId') return literal.value;
  }
  return undefined;
}

interface Place {
  readonly id: string | undefined;
  readonly given: number;
}

function writeToken(query: Query, { id, given }: { id: string | undefined; given: number }): string {
  return Buffer.from(JSON.stringify({ q: fingerprint(query), a: id, n: given })).toString('base64url');
}

function readToken(query: Query, token: string | undefined): Place {
  if (token === undefined) return { id: undefined, given: 0 };
  const content = parseToken(token);
  const { q, a, n } = isJsonObject(content) ? content : {};
  if (q === fingerprint(query) && typeof a === 'string' && typeof n === 'number' && n >= 0) return { id: a, given: n };
  throw new HubError('ArgumentInvalid', 'The continuation token is not one of this query.');
}

function parseToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function fingerprint(query: Query): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
}
