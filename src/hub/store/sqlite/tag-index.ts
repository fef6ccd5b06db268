import type { Query } from '../../../protocol/query/index.ts';
import { bindChange, type Change } from './recipes.ts';
import { tagConditions, type TagCondition } from './tag-condition.ts';
import type { DatabaseClient } from './thread/client.ts';

/** A tag condition that the index answers. */
export interface IndexedTag extends TagCondition {
  readonly pathId: number;
}

export interface TagIndexParts {
  readonly client: Pick<DatabaseClient, 'query'>;
  readonly submit: (job: readonly Change[]) => Promise<unknown>;
  /** With fewer identities than this a query looks at all of them; that takes a few milliseconds. */
  readonly from: number;
}

/** Which tags are indexed, and the making of an index for one that is asked for. */
export interface TagIndex {
  /** The part of the query that an index answers; undefined when none does. */
  find(query: Query): Promise<IndexedTag | undefined>;
}

/** Each costs a little at every write of a twin that has the tag. */
const maxPaths = 32;
/** So many identities are indexed in one transaction, so that other writes need not wait long. */
const fillStep = 5_000;

/** Indexes a tag after a query has compared it with a value: the next one is answered by the index. Bounded, and kept for good. */
export function createTagIndex({ client, submit, from }: TagIndexParts): TagIndex {
  let known: Promise<Map<string, number>> | undefined;
  const building = new Set<string>();

  async function load(): Promise<Map<string, number>> {
    const { rows } = await client.query('SELECT path, id FROM tag_paths WHERE complete = 1', []);
    return new Map(rows.map(([path, id]) => [String(path), Number(id)]));
  }

  /** Fills in what was written before; from the first step on the triggers see to what is written meanwhile. */
  async function build(path: string): Promise<void> {
    await submit([
      bindChange('watchInsertedTags', {}),
      bindChange('watchChangedTags', {}),
      bindChange('addTagPath', { path }),
    ]);
    const { rows } = await client.query('SELECT max(id) FROM identities', []);
    const last = Number(rows[0]?.[0] ?? 0);
    for (let after = 0; after < last; after += fillStep)
      await submit([bindChange('fillTagPath', { path, after, until: after + fillStep })]);
    await submit([bindChange('completeTagPath', { path })]);
    known = undefined;
  }

  async function buildIfWorthIt(path: string, indexed: number): Promise<void> {
    if (building.has(path) || indexed + building.size >= maxPaths) return;
    building.add(path);
    try {
      const { rows } = await client.query('SELECT 1 FROM identities LIMIT 1 OFFSET ?', [from]);
      // Asked again by the next query: the hub may have grown.
      if (rows.length === 0) building.delete(path);
      else await build(path).then(() => building.delete(path));
    } catch {
      // Queries do without it, and the path is not tried again before the next start.
    }
  }

  return {
    async find(query) {
      const conditions = tagConditions(query.where);
      if (conditions.length === 0) return undefined;
      known ??= load();
      const paths = await known;
      for (const condition of conditions) {
        const pathId = paths.get(condition.path);
        if (pathId !== undefined) return { ...condition, pathId };
      }
      const [first] = conditions;
      if (first !== undefined) void buildIfWorthIt(first.path, paths.size);
      return undefined;
    },
  };
}
