import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QueryPage, RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { parseQuery } from '../../../../src/protocol/query/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { deviceRecord } from './records.ts';

let store: RegistryStore;

beforeEach(async () => {
  store = await openRegistryStore({ file: ':memory:' });
});

afterEach(() => store.close());

async function addDevices(tags: Readonly<Record<string, JsonObject>>): Promise<void> {
  await store.write(
    Object.entries(tags).map(([deviceId, own]) => ({ kind: 'insert', record: deviceRecord(deviceId, { tags: own }) })),
  );
}

const numbered = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`d-${String(index).padStart(3, '0')}`, { n: index }]),
  );

async function readAll(text: string, limit: number): Promise<QueryPage[]> {
  const pages: QueryPage[] = [];
  let after: string | undefined;
  do {
    const page = await store.query(parseQuery(text), { limit, after });
    pages.push(page);
    after = page.next;
  } while (after !== undefined && pages.length < 1000);
  return pages;
}

function byGroup(one: { g: string | undefined }, other: { g: string | undefined }): number {
  return String(one.g).localeCompare(String(other.g));
}

const idsOf = (pages: readonly QueryPage[]) => pages.flatMap((page) => page.rows.map((row) => row.deviceId));

describe('pages', () => {
  test.each([1, 2, 7, 10, 20, 21, 100])(
    'when a page holds %i rows, then all pages together hold every device once',
    async (limit) => {
      const devices = numbered(20);
      await addDevices(devices);
      for (const select of ['*', 'deviceId, tags.n']) {
        const pages = await readAll(`SELECT ${select} FROM devices`, limit);
        expect(idsOf(pages)).toEqual(Object.keys(devices));
        expect(pages).toHaveLength(Math.ceil(20 / limit));
      }
    },
  );

  test('when devices come and go between pages, then the rest is neither repeated nor lost', async () => {
    await addDevices(numbered(10));
    const query = parseQuery('SELECT deviceId FROM devices');
    const first = await store.query(query, { limit: 4 });
    await store.write([
      { kind: 'delete', identity: 'd-001', expected: 1 },
      { kind: 'delete', identity: 'd-003', expected: 1 },
      { kind: 'delete', identity: 'd-005', expected: 1 },
      { kind: 'insert', record: deviceRecord('a-new') },
      { kind: 'insert', record: deviceRecord('d-004b') },
    ]);
    const second = await store.query(query, { limit: 100, after: first.next });
    expect(idsOf([second])).toEqual(['d-004', 'd-004b', 'd-006', 'd-007', 'd-008', 'd-009']);
  });

  test.each([
    [5, 2, [2, 2, 1]],
    [4, 2, [2, 2]],
    [3, 10, [3]],
    [50, 15, [15, 5]],
  ])('when TOP %i is read by %i, then TOP counts over all pages', async (top, limit, sizes) => {
    await addDevices(numbered(20));
    const pages = await readAll(`SELECT TOP ${top} * FROM devices`, limit);
    expect(pages.map((page) => page.rows.length)).toEqual(sizes);
  });

  test('when a token is not one of the query, then it is refused', async () => {
    await addDevices(numbered(5));
    const { next } = await store.query(parseQuery('SELECT * FROM devices'), { limit: 2 });
    const other = parseQuery("SELECT * FROM devices WHERE status = 'enabled'");
    for (const after of [next, '', 'x', 'eyJhIjoxfQ', '{}', '\u0000']) {
      await expect(store.query(other, { limit: 2, after })).rejects.toMatchObject({
        name: 'HubError',
        symbol: 'ArgumentInvalid',
      });
    }
  });

  test('when modules or jobs are asked for, then there are none', async () => {
    await addDevices(numbered(2));
    expect(await store.query(parseQuery('SELECT * FROM devices.modules'), { limit: 10 })).toEqual({
      type: 'Twin',
      rows: [],
      next: undefined,
    });
    expect(await store.query(parseQuery('SELECT * FROM devices.jobs'), { limit: 10 })).toMatchObject({
      rows: [],
      next: undefined,
    });
  });
});

describe('projections and aggregates', () => {
  test('when members are undefined, then rows leave them out', async () => {
    await addDevices({ a: { site: 'x' }, b: { site: { deep: [1] } }, c: {} });
    const page = await store.query(
      parseQuery('SELECT deviceId AS id, tags.site, statusReason, configurations.base FROM devices'),
      { limit: 10 },
    );
    expect(page).toEqual({
      type: 'Raw',
      rows: [{ id: 'a', site: 'x' }, { id: 'b', site: { deep: [1] } }, { id: 'c' }],
      next: undefined,
    });
  });

  test('when there is nothing to aggregate, then there is one row with a count of 0 and nothing else', async () => {
    const page = await store.query(parseQuery('SELECT COUNT() AS n, SUM(tags.n) AS s, MAX(tags.n) AS m FROM devices'), {
      limit: 10,
    });
    expect(page.rows).toEqual([{ n: 0 }]);
    const groups = await store.query(parseQuery('SELECT tags.site, COUNT() AS n FROM devices GROUP BY tags.site'), {
      limit: 10,
    });
    expect(groups.rows).toEqual([]);
  });

  test('when values are of many types, then SUM and AVG take numbers, MIN and MAX numbers or else texts', async () => {
    await addDevices({ a: { v: 1 }, b: { v: 2.5 }, c: { v: 'z' }, d: { v: true }, e: { v: [9] }, f: {} });
    const select =
      'SELECT COUNT() AS n, SUM(tags.v) AS s, AVG(tags.v) AS a, MIN(tags.v) AS lo, MAX(tags.v) AS hi FROM devices WHERE';
    const rows = async (where: string) => (await store.query(parseQuery(`${select} ${where}`), { limit: 1 })).rows;
    expect(await rows('true')).toEqual([{ n: 6, s: 3.5, a: 1.75, lo: 1, hi: 2.5 }]);
    expect(await rows('IS_STRING(tags.v)')).toEqual([{ n: 1, lo: 'z', hi: 'z' }]);
    expect(await rows('IS_BOOL(tags.v)')).toEqual([{ n: 1 }]);
  });

  test('when devices are grouped, then each value has its group, by type, and paging over groups loses none', async () => {
    const value = fc.option(fc.constantFrom<JsonObject[string]>('1', 1, true, 'a', '', [1], { x: 1 }), {
      nil: undefined,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, fc.integer({ min: -5, max: 5 })), { maxLength: 30 }),
        async (devices) => {
          const fresh = await openRegistryStore({ file: ':memory:' });
          try {
            await fresh.write(
              devices.map(([g, n], index) => ({
                kind: 'insert',
                record: deviceRecord(`d${index}`, { tags: g === undefined ? { n } : { g, n } }),
              })),
            );
            const query = parseQuery('SELECT tags.g AS g, COUNT() AS n, SUM(tags.n) AS s FROM devices GROUP BY tags.g');
            const rows: JsonObject[] = [];
            for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
              const page = await fresh.query(query, { limit: 2, after });
              rows.push(...(page.rows as JsonObject[]));
              after = page.next;
            }
            const groups = Map.groupBy(devices, ([g]) => JSON.stringify(g));
            const expected = [...groups].map(([g, members]) => ({
              g,
              n: members.length,
              s: members.reduce((sum, [, n]) => sum + n, 0),
            }));
            const found = rows.map(({ g, n, s }) => ({ g: JSON.stringify(g), n, s }));
            expect(found.toSorted(byGroup)).toEqual(expected.toSorted(byGroup));
          } finally {
            await fresh.close();
          }
        },
      ),
      { numRuns: 10 },
    );
  });
});

test('when a condition is as long or as deep as a text can be, then SQLite takes it', async () => {
  await addDevices(numbered(3));
  const conditions = [
    `${'tags.n=9 OR '.repeat(650)}tags.n=1`,
    `${'NOT '.repeat(60)}${'('.repeat(4)}tags.n = 1${')'.repeat(4)}`,
    `${'('.repeat(63)}tags.n${' + 0)'.repeat(63)} = 1`,
    `${'ABS('.repeat(63)}tags.n${')'.repeat(63)} = 1`,
    `${'(true = '.repeat(62)}(tags.n = 1)${')'.repeat(62)}`,
    `${'(tags.n = 1 AND tags.n = 1 AND '.repeat(62)}tags.n = 1${')'.repeat(62)}`,
    `tags.n IN [${Array.from({ length: 1500 }, (_, index) => (index === 0 ? 1 : index + 5)).join(',')}]`,
  ];
  for (const condition of conditions) {
    expect(idsOf([await store.query(parseQuery(`SELECT * FROM devices WHERE ${condition}`), { limit: 10 })])).toEqual([
      'd-001',
    ]);
  }
});
