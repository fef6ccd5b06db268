import { expect, test } from 'vitest';
import { mostCounted } from '../../../../src/hub/store/sqlite/property-condition.ts';
import { createPropertyIndex } from '../../../../src/hub/store/sqlite/property-index.ts';
import type { QueryReply, SqlValue } from '../../../../src/hub/store/sqlite/thread/messages.ts';
import { parseQuery } from '../../../../src/protocol/query/index.ts';

const reply = (rows: readonly (readonly SqlValue[])[]): QueryReply => ({ columns: [], rows, changes: 0 });

/** An index over paths with so many matches each, whatever they are compared with; what is built is noted. */
function indexOver(matches: Readonly<Record<string, number>>) {
  const paths = Object.keys(matches);
  const built: SqlValue[] = [];
  const index = createPropertyIndex({
    client: {
      query: (sql) =>
        Promise.resolve(
          reply(sql.includes('property_paths') ? paths.map((path, id) => ['tags', `$."${path}"`, id]) : [[1]]),
        ),
    },
    read: (_sql, [pathId]) => Promise.resolve(reply([[matches[paths[Number(pathId)] ?? ''] ?? 0]])),
    submit(job) {
      for (const [recipe, , path] of job) if (recipe === 'addPropertyPath') built.push(path ?? null);
      return Promise.resolve();
    },
    from: 0,
  });
  const find = async (query: string): Promise<string | undefined> => (await index.find(parseQuery(query)))?.path;
  return { find, built };
}

const where = (condition: string): string => `SELECT * FROM devices WHERE ${condition}`;

test('when several tags are indexed, then the one with fewest matches is taken', async () => {
  const { find, built } = indexOver({ region: mostCounted, site: 200, floor: 5_000 });
  expect(await find(where("tags.region = 'a' AND tags.floor = 1 AND tags.site = 'b'"))).toBe('$."site"');
  expect(await find(where("tags.region = 'a' AND tags.floor = 1"))).toBe('$."floor"');
  expect(built).toEqual([]);
});

test('when what is indexed finds very many, then another tag of the condition is indexed too', async () => {
  const { find, built } = indexOver({ region: mostCounted, site: 200 });
  expect(await find(where("tags.site = 'b' AND tags.lot = 'x'"))).toBe('$."site"');
  expect(built).toEqual([]);
  expect(await find(where("tags.region = 'a' AND tags.lot = 'x'"))).toBe('$."region"');
  await expect.poll(() => built).toEqual(['$."lot"']);
});

test('when very many devices have one of several values, then pages are read in the order of devices', async () => {
  const { find } = indexOver({ region: mostCounted, site: 200 });
  expect(await find(where("tags.region IN ['a', 'b']"))).toBeUndefined();
  expect(await find(where("tags.site IN ['a', 'b']"))).toBe('$."site"');
  expect(await find("SELECT COUNT() AS n FROM devices WHERE tags.region IN ['a', 'b']")).toBe('$."region"');
});
