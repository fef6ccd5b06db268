import { Failure, isFailure } from '../../errors/index.ts';
import { isModulePath } from '../../protocol/identity-path.ts';
import { isGlob, matchGlob } from '../../std/glob.ts';
import { windowed } from '../../std/windowed.ts';
import type { Hub } from '../ports.ts';
import { conditionOfGlobs, quoteLiteral } from './glob-condition.ts';
import { existingModule, selectModules } from './select-modules.ts';
import { parseWhere } from './where.ts';

/**
 * Which devices are meant: those named by `ids` and `from` (ids and globs, together), narrowed by `where`; with `where` alone,
 * every device it holds for.
 */
export interface DeviceSelector {
  readonly ids: readonly string[];
  /** A condition of the IoT Hub query language, without the word WHERE. */
  readonly where?: string | undefined;
  /** One id or glob a line; blank lines do not count. */
  readonly from?: AsyncIterable<string> | Iterable<string> | undefined;
}

interface SelectOptions {
  /** Ask the hub whether the plain ids among `ids` exist; otherwise they are taken as they are. Failure: device-not-found. */
  readonly check?: boolean;
  /** Words with a slash name modules: `DEVICE/MODULE`, globs on either side. Otherwise nothing has such an id. */
  readonly modules?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A query may hold 8192 characters; ids are asked for in lots that leave room for the rest. */
const lotCharacters = 4_096;
const lotSize = 100;
const checksAtOnce = 8;

/**
 * The ids of the selected devices, each once: first those the user named, in that order, then those found by globs or condition.
 * Nothing found is no failure here: the caller decides. Failures: usage (nothing selects), device-not-found (with `check`),
 * invalid-query, and those of the hub.
 */
export async function* selectDevices(
  hub: Pick<Hub, 'queries' | 'devices'>,
  selector: DeviceSelector,
  options: SelectOptions = {},
): AsyncGenerator<string, void, undefined> {
  if (selector.ids.length === 0 && selector.where === undefined && selector.from === undefined) {
    throw new Failure('usage', 'no device is named', {
      hint: "name devices by id, by a glob such as 'pump-*' ('*' is all), by --where or by --from FILE",
    });
  }
  // Also keeps a condition such as "a) OR (b" from changing what it is joined to.
  if (selector.where !== undefined) parseWhere(selector.where);
  const named = selector.ids.length > 0 || selector.from !== undefined;
  const seen = new Set<string>();
  const globs = new Set<string>();
  for await (const id of plainIds(hub, selector, globs, options)) {
    if (!seen.has(id)) {
      seen.add(id);
      yield id;
    }
  }
  if (named && globs.size === 0) return;
  if (options.modules === true) yield* selectModules(hub, [...globs].filter(isModulePath), options.signal);
  const patterns = options.modules === true ? [...globs].filter((glob) => !isModulePath(glob)) : [...globs];
  if (named && patterns.length === 0) return;
  for await (const id of queryIds(hub, [selector.where, conditionOfGlobs(patterns)], options.signal)) {
    if (seen.has(id) || (named && !patterns.some((pattern) => matchGlob(pattern, id)))) continue;
    seen.add(id);
    yield id;
  }
}

/** The ids named in full; the globs among the words are collected for one query at the end. */
async function* plainIds(
  hub: Pick<Hub, 'queries' | 'devices'>,
  selector: DeviceSelector,
  globs: Set<string>,
  options: SelectOptions,
): AsyncGenerator<string, void, undefined> {
  const { where, ids, from } = selector;
  if (where === undefined) {
    yield* typedIds(hub, withoutGlobs(ids, globs), options);
    yield* withoutGlobs(from ?? [], globs);
    return;
  }
  for (const words of [ids, from ?? []]) {
    for await (const lot of lots(withoutGlobs(words, globs))) {
      yield* queryIds(hub, [where, `deviceId IN [${lot.map(quoteLiteral).join(', ')}]`], options.signal);
    }
  }
}

async function* typedIds(
  hub: Pick<Hub, 'devices' | 'queries'>,
  ids: AsyncIterable<string>,
  options: SelectOptions,
): AsyncGenerator<string, void, undefined> {
  if (options.check !== true) {
    yield* ids;
    return;
  }
  const check = async (id: string): Promise<string | Error> =>
    options.modules === true && isModulePath(id)
      ? existingModule(hub, id, options.signal)
      : existing(hub, id, options.signal);
  for await (const found of windowed(ids, checksAtOnce, check, options.signal)) {
    if (found instanceof Error) throw found;
    yield found;
  }
}

async function* withoutGlobs(
  words: AsyncIterable<string> | Iterable<string>,
  globs: Set<string>,
): AsyncGenerator<string, void, undefined> {
  for await (const line of words) {
    const word = line.trim();
    if (isGlob(word)) globs.add(word);
    else if (word !== '') yield word;
  }
}

async function existing(
  hub: Pick<Hub, 'devices' | 'queries'>,
  id: string,
  signal: AbortSignal | undefined,
): Promise<string | Error> {
  try {
    return (await hub.devices.get(id, signal)).deviceId;
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return isFailure(failure, 'not-authorised') ? asked(hub, id, failure, signal) : failure;
  }
}

/**
 * Who may send to devices need not be one who may read their keys; a query tells whether the hub lets them in at all. A device that
 * is not there is found when the thing is done.
 */
async function asked(
  hub: Pick<Hub, 'queries'>,
  id: string,
  refusal: Error,
  signal: AbortSignal | undefined,
): Promise<string | Error> {
  try {
    for await (const _ of queryIds(hub, [`deviceId = ${quoteLiteral(id)}`], signal)) break;
    return id;
  } catch {
    return refusal;
  }
}

async function* lots(ids: AsyncIterable<string>): AsyncGenerator<string[], void, undefined> {
  let lot: string[] = [];
  let characters = 0;
  for await (const id of ids) {
    lot.push(id);
    characters += id.length + 6;
    if (lot.length >= lotSize || characters >= lotCharacters) {
      yield lot;
      lot = [];
      characters = 0;
    }
  }
  if (lot.length > 0) yield lot;
}

async function* queryIds(
  hub: Pick<Hub, 'queries'>,
  conditions: readonly (string | undefined)[],
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const given = conditions.filter((condition) => condition !== undefined);
  const where = given.length === 0 ? '' : ` WHERE ${given.map((condition) => `(${condition})`).join(' AND ')}`;
  for await (const page of hub.queries.query(
    `SELECT deviceId FROM devices${where}`,
    signal === undefined ? {} : { signal },
  )) {
    for (const row of page) if (typeof row['deviceId'] === 'string') yield row['deviceId'];
  }
}
