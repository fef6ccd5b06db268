import { Failure } from '../../errors/index.ts';
import { queryLimits } from '../../protocol/query/index.ts';
import { isGlob } from '../../std/glob.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { parseWhere, selectDevices, type DeviceSelector } from '../selection/index.ts';
import type { Hub } from '../ports.ts';

/** Whom a job is about: a condition that the hub evaluates when the job begins, and for how many it holds now. */
interface JobTarget {
  readonly condition: string;
  readonly count: number;
}

const overModules = /^\s*from\s+devices\.modules\b/i;

/**
 * The condition of a selector. Globs with one `*` at their end or start and conditions are left to the hub, so that devices that come
 * before the job begins take part; other globs and lists are written out as ids. `FROM devices.modules WHERE …` is taken as it is.
 * Failures: usage, invalid-query, no-match, invalid-value (more ids than a condition can hold).
 */
export async function findJobTarget(
  hub: Pick<Hub, 'queries' | 'devices'>,
  selector: DeviceSelector,
  signal?: AbortSignal,
): Promise<JobTarget> {
  const condition = await conditionOf(hub, selector, signal);
  if (condition.length > queryLimits.length) {
    throw new Failure('invalid-value', 'the selection names more devices than the condition of a job can hold', {
      hint: 'tag them with twin set and select them by --where',
    });
  }
  const count = await countOf(hub, condition, signal);
  if (count === 0) throw new Failure('no-match', 'no device matches the selection; no job was started');
  return { condition, count };
}

async function conditionOf(
  hub: Pick<Hub, 'queries' | 'devices'>,
  selector: DeviceSelector,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { ids, where, from } = selector;
  if (where !== undefined && overModules.test(where)) {
    if (ids.length === 0 && from === undefined) return where;
    throw new Failure('usage', 'a condition over modules names all of them; name no device beside it');
  }
  if (from === undefined && ids.every((word) => partOf(word) !== undefined)) {
    if (where !== undefined) parseWhere(where);
    const named = ids.map((word) => partOf(word) ?? '');
    if (named.includes('*')) return where ?? '*';
    const parts = [...(named.length > 0 ? [named.join(' OR ')] : []), ...(where === undefined ? [] : [where])];
    const [only] = parts;
    if (only !== undefined) return parts.length === 1 ? only : parts.map((part) => `(${part})`).join(' AND ');
  }
  const found: string[] = [];
  for await (const id of selectDevices(hub, selector, { check: true, ...(signal && { signal }) })) found.push(id);
  if (found.length === 0) throw new Failure('no-match', 'no device matches the selection; no job was started');
  return `deviceId IN [${found.map(quoteLiteral).join(', ')}]`;
}

/** The condition that means exactly this id or glob; undefined for a glob that the query language cannot say. */
function partOf(word: string): string | undefined {
  if (!isGlob(word)) return `deviceId = ${quoteLiteral(word)}`;
  if (word === '*') return '*';
  const stars = word.split('*').length - 1;
  if (word.includes('?') || stars !== 1) return undefined;
  if (word.endsWith('*')) return `STARTSWITH(deviceId, ${quoteLiteral(word.slice(0, -1))})`;
  return word.startsWith('*') ? `ENDSWITH(deviceId, ${quoteLiteral(word.slice(1))})` : undefined;
}

async function countOf(hub: Pick<Hub, 'queries'>, condition: string, signal: AbortSignal | undefined): Promise<number> {
  const rest = overModules.test(condition)
    ? condition
    : `FROM devices${condition === '*' ? '' : ` WHERE ${condition}`}`;
  const options = signal === undefined ? {} : { signal };
  for await (const rows of hub.queries.query(`SELECT COUNT() AS total ${rest}`, options)) {
    const total = rows[0]?.['total'];
    if (typeof total === 'number') return total;
  }
  return 0;
}
