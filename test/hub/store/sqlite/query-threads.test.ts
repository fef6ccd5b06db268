import { describe, expect, onTestFinished, test } from 'vitest';
import type { RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { startReaderThread } from '../../../../src/hub/store/sqlite/reader-thread.ts';
import { parseQuery } from '../../../../src/protocol/query/index.ts';
import { deviceRecord } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

async function openStore(
  options: { readonly queryLimitMs?: number; readonly ownerLimitMs?: number } = {},
): Promise<{ store: RegistryStore; file: string }> {
  const file = temporaryDatabase();
  const store = await openRegistryStore({ file, ...options });
  onTestFinished(() => store.close());
  return { store, file };
}

/** Devices with a long list, and a condition that goes through it so often that all of them take many seconds. */
const list = Array.from({ length: 800 }, (_, index) => index);
const slow = parseQuery(
  `SELECT * FROM devices WHERE ${Array.from({ length: 240 }, () => 'ARRAY_CONTAINS(tags.list, -1)').join(' OR ')}`,
);

async function fillSlow(store: RegistryStore, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => deviceRecord(`d${index}`, { tags: { list } }));
  await store.write(records.map((record) => ({ kind: 'insert', record })));
}

describe('a query that looks at every device', () => {
  test('when it runs, then writes, reads and searches are done before it; and the close ends it', async () => {
    const { store } = await openStore();
    await fillSlow(store, 200);
    const events: string[] = [];
    const scan = store.query(slow, { limit: 10 }).then(
      () => events.push('scan'),
      () => events.push('scan ended'),
    );
    await store.write([{ kind: 'insert', record: deviceRecord('new') }]);
    events.push('write');
    expect(await store.read('new')).toMatchObject({ deviceId: 'new' });
    events.push('read');
    const found = await store.query(parseQuery("SELECT * FROM devices WHERE deviceId = 'new'"), { limit: 10 });
    expect(found.rows).toMatchObject([{ deviceId: 'new' }]);
    events.push('search');
    await store.close();
    await scan;
    expect(events).toEqual(['write', 'read', 'search', 'scan ended']);
  });

  test('when it takes longer than it may, then it is refused, and the next query is answered', async () => {
    const { store } = await openStore({ queryLimitMs: 50 });
    await fillSlow(store, 100);
    await expect(store.query(slow, { limit: 10 })).rejects.toMatchObject({
      name: 'HubError',
      symbol: 'InvalidOperation',
    });
    const page = await store.query(parseQuery("SELECT deviceId FROM devices WHERE deviceId = 'd7'"), { limit: 10 });
    expect(page.rows).toEqual([{ deviceId: 'd7' }]);
  });
});

test('when a write was acknowledged, then every query after it sees it', async () => {
  const { store } = await openStore({ ownerLimitMs: 0 });
  const count = async (condition: string): Promise<unknown> =>
    (await store.query(parseQuery(`SELECT COUNT() AS n FROM devices WHERE ${condition}`), { limit: 1 })).rows[0];
  for (let number = 1; number <= 100; number++) {
    await store.write([{ kind: 'insert', record: deviceRecord(`d${number}`, { tags: { number } }) }]);
    const [all, scanned, counts] = await Promise.all([count('true'), count('tags.number > 0'), store.counts()]);
    expect([all, scanned, counts.total]).toEqual([{ n: number }, { n: number }, number]);
  }
});

/** What a query must never do, whatever text were to find its way into it. */
const forbidden = [
  "INSERT INTO settings (name, value) VALUES ('a', '1')",
  'UPDATE identities SET primary_key = NULL',
  'DELETE FROM twins',
  'DROP TABLE twins',
  'CREATE TEMP TABLE t (a)',
  "ATTACH 'x.db' AS x",
  'PRAGMA query_only = OFF',
  'BEGIN IMMEDIATE',
  'SELECT value FROM settings',
  'SELECT count(*) FROM documents',
  'SELECT entry FROM audit',
  'SELECT sql FROM sqlite_schema',
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r',
];

test('when a thread that reads is asked for anything but devices, then it refuses', async () => {
  const { file } = await openStore();
  const thread = await startReaderThread({ file, busyTimeout: 0, onGone: () => undefined });
  for (const sql of forbidden)
    await expect(thread.query(sql, [], 1_000), sql).rejects.toThrow(/not authorized|prohibited/);
  expect((await thread.query('SELECT count(*) FROM identities', [], 1_000)).rows).toEqual([[0]]);
  await thread.close();
});
