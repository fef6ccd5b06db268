import type { Query } from '../../../protocol/query/index.ts';
import { mostCounted, propertyConditions, type PropertyCondition, type PropertyPath } from './property-condition.ts';
import { isGrouped } from './query-work.ts';
import { bindChange, type Change } from './recipes.ts';
import type { RunRead } from './run-read.ts';
import type { DatabaseClient } from './thread/client.ts';

/** A condition that the index answers. */
export interface IndexedProperty extends PropertyCondition {
  readonly pathId: number;
  /** How many identities have one of the values; {@link mostCounted} stands for that many or more. */
  readonly matches: number;
}

export interface PropertyIndexParts {
  /** The thread that writes: which paths are indexed is read where they are written. */
  readonly client: Pick<DatabaseClient, 'query'>;
  readonly read: RunRead;
  readonly submit: (job: readonly Change[]) => Promise<unknown>;
  /** With fewer identities than this a query looks at all of them; that takes a few milliseconds. */
  readonly from: number;
}

/** Which tags and properties are indexed, and the making of an index for one that is asked for. */
export interface PropertyIndex {
  /** The part of the query that an index answers best; undefined when none does. */
  find(query: Query): Promise<IndexedProperty | undefined>;
}

/** Each costs a little at every write that changes its value. */
const maxPaths = 32;
/** So many identities are indexed in one transaction, so that other writes need not wait long. */
const fillStep = 1_000;
/** What keeps the index of each section, and what fills it. A trigger costs at every write, so they are made with the first path. */
const recipesOf = {
  tags: { inserted: 'watchInsertedTags', changed: 'watchChangedTags', fill: 'fillTags' },
  desired: { inserted: 'watchInsertedDesired', changed: 'watchChangedDesired', fill: 'fillDesired' },
  reported: { inserted: 'watchInsertedReported', changed: 'watchChangedReported', fill: 'fillReported' },
} as const;

const keyOf = ({ section, path }: PropertyPath): string => `${section} ${path}`;

/**
 * Indexes a tag or a property after a query has compared it with a value: the next one is answered by the index. Bounded, and kept
 * for good.
 */
export function createPropertyIndex({ client, read, submit, from }: PropertyIndexParts): PropertyIndex {
  let known: Promise<Map<string, number>> | undefined;
  const building = new Set<string>();

  async function load(): Promise<Map<string, number>> {
    const { rows } = await client.query('SELECT section, path, id FROM property_paths WHERE complete = 1', []);
    return new Map(rows.map(([section, path, id]) => [`${String(section)} ${String(path)}`, Number(id)]));
  }

  /** Fills in what was written before; from the first step on the triggers see to what is written meanwhile. */
  async function build({ section, path }: PropertyPath): Promise<void> {
    const { inserted, changed, fill } = recipesOf[section];
    await submit([bindChange(inserted, {}), bindChange(changed, {}), bindChange('addPropertyPath', { section, path })]);
    const { rows } = await client.query('SELECT max(id) FROM identities', []);
    const last = Number(rows[0]?.[0] ?? 0);
    for (let after = 0; after < last; after += fillStep)
      await submit([bindChange(fill, { path, after, until: after + fillStep })]);
    await submit([bindChange('completePropertyPath', { section, path })]);
    known = undefined;
  }

  async function buildIfWorthIt(place: PropertyPath, indexed: number): Promise<void> {
    const key = keyOf(place);
    if (building.has(key) || indexed + building.size >= maxPaths) return;
    building.add(key);
    try {
      const { rows } = await client.query('SELECT 1 FROM identities LIMIT 1 OFFSET ?', [from]);
      // Asked again by the next query: the hub may have grown.
      if (rows.length === 0) building.delete(key);
      else await build(place).then(() => building.delete(key));
    } catch {
      // Queries do without it, and the path is not tried again before the next start.
    }
  }

  async function countMatches(pathId: number, { kind, values }: PropertyCondition): Promise<number> {
    const { rows } = await read(
      `SELECT count(*) FROM (SELECT 1 FROM property_values
         WHERE path_id = ? AND kind = ? AND value IN (${values.map(() => '?').join(', ')}) LIMIT ${mostCounted})`,
      [pathId, kind, ...values],
      'search',
    );
    return Number(rows[0]?.[0] ?? 0);
  }

  return {
    async find(query) {
      const conditions = propertyConditions(query.where);
      if (conditions.length === 0) return undefined;
      known ??= load();
      const paths = await known;
      const found = await Promise.all(
        conditions.map(async (condition) => {
          const pathId = paths.get(keyOf(condition));
          return pathId === undefined ? [] : [{ ...condition, pathId, matches: await countMatches(pathId, condition) }];
        }),
      );
      const best = found
        .flat()
        .filter((one) => isGrouped(query) || !sortsMuch(one))
        .reduce<IndexedProperty | undefined>(
          (least, one) => (least === undefined || one.matches < least.matches ? one : least),
          undefined,
        );
      const missing = conditions.find((condition) => !paths.has(keyOf(condition)));
      if (missing !== undefined && (best === undefined || best.matches >= mostCounted))
        void buildIfWorthIt(missing, paths.size);
      return best;
    },
  };
}

/** Of each value the index has devices in the order of pages, of several not: every page would sort them all again. */
function sortsMuch({ values, matches }: IndexedProperty): boolean {
  return values.length > 1 && matches >= mostCounted;
}
