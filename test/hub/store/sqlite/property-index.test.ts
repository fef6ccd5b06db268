import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { propertyConditions } from '../../../../src/hub/store/sqlite/property-condition.ts';
import { parseQuery } from '../../../../src/protocol/query/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { deviceRecord, section } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

const count = 60;
let file: string;
let store: RegistryStore;

async function openStore(): Promise<void> {
  file = temporaryDatabase();
  store = await openRegistryStore({ file, indexFrom: 50 });
  onTestFinished(() => store.close());
}

const idOf = (index: number) => `d${String(index).padStart(3, '0')}`;
const insert = (deviceId: string, tags: JsonObject) =>
  ({ kind: 'insert', record: deviceRecord(deviceId, { tags }) }) as const;

const twin = (deviceId: string, desired: JsonObject, reported: JsonObject, revision = 1) =>
  deviceRecord(deviceId, { revision, desired: section(desired), reported: section(reported) });

async function fill(number = count): Promise<void> {
  const devices = Array.from({ length: number }, (_, index) => index);
  await store.write(devices.map((index) => insert(idOf(index), { site: `s${index % 3}`, floor: index % 2, on: true })));
}

async function find(text: string, limit = 1000): Promise<unknown[]> {
  const page = await store.query(parseQuery(text), { limit });
  return page.rows.map((row) => ('deviceId' in row ? row.deviceId : row));
}

/** What another reader of the file sees. */
function look(sql: string): unknown[][] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all() as unknown as unknown[][];
  } finally {
    database.close();
  }
}

const indexed = () => look('SELECT path FROM property_paths WHERE complete = 1 ORDER BY path').flat();

async function indexSite(): Promise<void> {
  await find("SELECT * FROM devices WHERE tags.site = 's1'");
  await expect.poll(indexed).toEqual(['$."site"']);
}

describe('an index over a tag', () => {
  beforeEach(openStore);

  test('when a tag was compared with a value, then it is indexed and the answers stay the same', async () => {
    await fill();
    const text = "SELECT * FROM devices WHERE tags.site = 's1' AND status = 'enabled'";
    const before = await find(text);
    await expect.poll(indexed).toEqual(['$."site"']);
    expect(look('SELECT count(*) FROM property_values')).toEqual([[count]]);
    expect(await find(text)).toEqual(before);
    expect(before).toHaveLength(count / 3);
    expect(await find("SELECT COUNT() AS n FROM devices WHERE tags.site IN ['s0', 's2']")).toEqual([
      { n: (count / 3) * 2 },
    ]);
  });

  test('when there are few devices, then none is made', async () => {
    await fill(40);
    await find("SELECT * FROM devices WHERE tags.site = 's1'");
    await find("SELECT * FROM devices WHERE tags.site = 's1'");
    expect(look('SELECT count(*) FROM property_paths')).toEqual([[0]]);
  });

  test('when devices come, change and go, then the index goes with them in the same commit', async () => {
    await fill();
    await indexSite();
    await store.write([
      insert('new', { site: 's1' }),
      { kind: 'replace', record: deviceRecord(idOf(1), { revision: 2, tags: { site: 'moved' } }), expected: 1 },
      { kind: 'replace', record: deviceRecord(idOf(4), { revision: 2, tags: {} }), expected: 1 },
      { kind: 'delete', identity: idOf(7), expected: 1 },
    ]);
    const found = await find("SELECT * FROM devices WHERE tags.site = 's1'");
    expect(found).toContain('new');
    expect(found).toHaveLength(count / 3 - 3 + 1);
    expect(await find("SELECT * FROM devices WHERE tags.site = 'moved'")).toEqual([idOf(1)]);
    expect(look('SELECT count(*) FROM property_values')).toEqual([[count - 1]]);
  });

  test('when pages are read, then every device comes once and in order, whatever changes between them', async () => {
    await fill();
    await indexSite();
    const query = parseQuery("SELECT deviceId FROM devices WHERE tags.site = 's1'");
    const seen: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await store.query(query, { limit: 7, after });
      seen.push(...page.rows.map((row) => row['deviceId' as never]));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(Array.from({ length: count / 3 }, (_, index) => idOf(index * 3 + 1)));
  });

  test('when a text, a number and a truth look alike, then they are told apart', async () => {
    await fill();
    await store.write([
      insert('text', { mixed: '1' }),
      insert('number', { mixed: 1 }),
      insert('truth', { mixed: true }),
    ]);
    await find('SELECT * FROM devices WHERE tags.mixed = 1');
    await expect.poll(indexed).toEqual(['$."mixed"']);
    expect(await find('SELECT * FROM devices WHERE tags.mixed = 1')).toEqual(['number']);
    expect(await find("SELECT * FROM devices WHERE tags.mixed = '1'")).toEqual(['text']);
    expect(await find('SELECT * FROM devices WHERE tags.mixed = true')).toEqual(['truth']);
  });

  test('when modules have the tag too, then a query over devices does not see them, and the other way round', async () => {
    await fill();
    const record = { ...deviceRecord(idOf(0), { tags: { site: 's1' } }), moduleId: 'cam' };
    await store.write([{ kind: 'insert', record }]);
    await indexSite();
    expect(await find("SELECT * FROM devices WHERE tags.site = 's1'")).not.toContain(idOf(0));
    expect(await find("SELECT * FROM devices.modules WHERE tags.site = 's1'")).toEqual([idOf(0)]);
  });

  test('when desired and reported properties are compared, then each has an index of its own that follows every change', async () => {
    const devices = Array.from({ length: count }, (_, index) => index);
    await store.write(
      devices.map((index) => ({
        kind: 'insert',
        record: twin(idOf(index), { v: index % 3 }, { v: index % 4, noise: 0 }),
      })),
    );
    const desired = 'SELECT deviceId FROM devices WHERE properties.desired.v = 2';
    const reported = 'SELECT deviceId FROM devices WHERE properties.reported.v = 2';
    const before = [await find(desired), await find(reported)];
    await expect.poll(indexed).toEqual(['$."v"', '$."v"']);
    expect([await find(desired), await find(reported)]).toEqual(before);
    await store.write([
      { kind: 'replace', record: twin(idOf(0), { v: 2 }, { v: 0, noise: 1 }, 2), expected: 1 },
      { kind: 'replace', record: twin(idOf(2), { v: 2 }, { v: '2', noise: 1 }, 2), expected: 1 },
      { kind: 'insert', record: twin('new', {}, { v: 2 }) },
    ]);
    expect(await find(desired)).toEqual([idOf(0), ...(before[0] ?? [])]);
    expect(await find(reported)).toEqual([...(before[1] ?? []), 'new'].filter((id) => id !== idOf(2)));
    expect(look('SELECT count(*) FROM property_values')).toEqual([[2 * count + 1]]);
  });

  test('when two parts of a condition are indexed, then the one that fewer devices meet is looked up', async () => {
    await fill();
    await store.write([insert('rare', { site: 's0', floor: 0, lot: 'x' })]);
    for (const tag of ['on = true', "site = 's0'", "lot = 'x'"]) await find(`SELECT * FROM devices WHERE tags.${tag}`);
    await expect.poll(indexed).toEqual(['$."lot"', '$."on"', '$."site"']);
    expect(await find("SELECT * FROM devices WHERE tags.site = 's0' AND tags.lot = 'x'")).toEqual(['rare']);
    expect(await find("SELECT COUNT() AS n FROM devices WHERE tags.on = true AND tags.site = 's0'")).toEqual([
      { n: count / 3 },
    ]);
  });

  test('when the file is opened again, then the index is still used and kept', async () => {
    await fill();
    await indexSite();
    await store.close();
    store = await openRegistryStore({ file, indexFrom: 50 });
    await store.write([insert('later', { site: 's9' })]);
    expect(await find("SELECT * FROM devices WHERE tags.site = 's9'")).toEqual(['later']);
    expect(look('SELECT count(*) FROM property_values')).toEqual([[count + 1]]);
  });

  test('when ever more tags are asked for, then the number of indices is bounded', async () => {
    await fill();
    for (let index = 0; index < 40; index++) await find(`SELECT * FROM devices WHERE tags.t${index} = 1`);
    await expect.poll(() => indexed().length).toBe(32);
    await find('SELECT * FROM devices WHERE tags.more = 1');
    expect(look('SELECT count(*) FROM property_paths')).toEqual([[32]]);
  });
});

describe('which conditions an index answers', () => {
  test.each([
    ["tags.site = 'a'", ['$."site"']],
    ["'a' = tags.loc.site", ['$."loc"."site"']],
    ["tags.a = 1 AND status = 'x' AND tags.b IN [true, false]", ['$."a"', '$."b"']],
    ["tags.a = 'x' OR tags.b = 'y'", []],
    ["NOT tags.a = 'x'", []],
    ["tags.a != 'x'", []],
    ['tags.a > 5', []],
    ['tags.a = null', []],
    ["tags.a IN ['x', 1]", []],
    ["tags.a NIN ['x']", []],
    ["tags.[[odd\"name]] = 'x'", []],
    ['tags.a[0] = 1', []],
    ["properties.desired.a.b = 'x' AND properties.reported.c = 1", ['$."a"."b"', '$."c"']],
    ["properties.reported = 'x'", []],
    ['properties.reported.$version = 3', []],
    ["properties.desired.$metadata.$lastUpdated = 'x'", []],
    ['tags.a = tags.b', []],
  ])('%s', (condition, paths) => {
    const { where } = parseQuery(`SELECT * FROM devices WHERE ${condition}`);
    expect(propertyConditions(where).map(({ path }) => path)).toEqual(paths);
  });
});
