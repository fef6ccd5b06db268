import { reportSchema } from '../../../protocol/firmware/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { lotsOf } from '../../../std/lots.ts';
import type { Hub } from '../../ports.ts';
import { parseWhere } from '../../selection/index.ts';
import { quoteLiteral } from '../../selection/glob-condition.ts';
import { readMark } from '../controller/observe-twin.ts';
import type { PlanCandidate } from '../model/plan.ts';
import type { Spec } from '../model/spec.ts';

/** A query holds 8192 characters; ids are asked for in lots that leave room for the rest. */
const idsPerQuery = 100;
const pageSize = 1_000;

/**
 * The devices that a target matches, with what a plan is made of and no more: with `devices` and `where` those of the list for which
 * the condition holds. Failures: invalid-query and those of the hub.
 */
export async function readCandidates(
  { queries }: Pick<Hub, 'queries'>,
  { target, policy }: Pick<Spec, 'target' | 'policy'>,
  signal?: AbortSignal,
): Promise<PlanCandidate[]> {
  // Also keeps a condition such as "a) OR (b" from changing what it is joined to.
  if (target.where !== undefined) parseWhere(target.where);
  const columns = columnsOf(policy);
  const select = `SELECT deviceId, status, ${columns.map(({ path, name }) => `${path} AS ${name}`).join(', ')} FROM devices`;
  const found = new Map<string, PlanCandidate>();
  for await (const condition of conditionsOf(target)) {
    for await (const page of queries.query(`${select}${condition}`, { pageSize, ...(signal && { signal }) })) {
      for (const row of page) {
        const candidate = candidateOf(row, columns);
        if (candidate !== undefined) found.set(candidate.deviceId, candidate);
      }
    }
  }
  return [...found.values()];
}

interface Column {
  readonly path: string;
  readonly name: string;
  /** Below the tags; undefined for the report. */
  readonly tag?: readonly string[];
}

/** What decides on a device's place in a plan: its report, and a few tags. */
function columnsOf({ warinessTag }: Spec['policy']): Column[] {
  const tags = [...new Set(['hardware', 'firmwareVersion', 'firmware', warinessTag])];
  return [
    { path: 'properties.reported.firmware', name: 'report' },
    ...tags.map((tag, index) => ({ path: `tags.${tag}`, name: `tag${index}`, tag: tag.split('.') })),
  ];
}

async function* conditionsOf({ where, devices }: Spec['target']): AsyncGenerator<string, void, undefined> {
  if (devices === undefined) {
    yield where === undefined ? '' : ` WHERE ${where}`;
    return;
  }
  const own = where === undefined ? '' : ` AND (${where})`;
  for await (const lot of lotsOf(new Set(devices), idsPerQuery))
    yield ` WHERE deviceId IN [${lot.map(quoteLiteral).join(', ')}]${own}`;
}

function candidateOf(row: JsonObject, columns: readonly Column[]): PlanCandidate | undefined {
  const { deviceId, status } = row;
  if (typeof deviceId !== 'string') return undefined;
  const tags: JsonObject = {};
  for (const { name, tag } of columns) if (tag !== undefined) setAt(tags, tag, row[name]);
  const report = reportSchema.safeParse(row['report']);
  const mark = readMark(tags);
  return {
    deviceId,
    enabled: status !== 'disabled',
    tags,
    ...(report.success && { report: { value: report.data, at: 0 } }),
    ...(mark && { mark }),
  };
}

function setAt(tags: JsonObject, path: readonly string[], value: JsonValue | undefined): void {
  if (value === undefined || value === null) return;
  let place = tags;
  for (const name of path.slice(0, -1)) {
    const present = Object.hasOwn(place, name) ? place[name] : undefined;
    const next: JsonObject = isJsonObject(present) ? present : {};
    place[name] = next;
    place = next;
  }
  place[path.at(-1) ?? ''] = value;
}
