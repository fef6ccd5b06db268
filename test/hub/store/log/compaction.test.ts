import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { expect, it } from 'vitest';
import { bodyOf, readAll, store, temporaryDirectory, temporaryLog } from '../../../support/telemetry-log.ts';

it('when messages trickle in one at a time, then their rows are merged and reading gives the same', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const log = await temporaryLog({ file, partitions: 1 });
  for (let index = 0; index < 300; index++) await store(log, `d${index % 3}`, String(index), index);
  const database = new DatabaseSync(file, { readOnly: true });
  const devices = database.prepare('select devices from batches order by first limit 1').get()?.['devices'];
  database.close();
  expect(rowsIn(file)).toBeLessThan(140);
  expect(String(devices).split('\n').toSorted()).toEqual(['d0', 'd1', 'd2']);
  expect((await readAll(log)).map(bodyOf)).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
  expect((await readAll(log, { devices: ['d1'] })).map((message) => message.sequenceNumber)).toEqual(
    Array.from({ length: 100 }, (_, index) => index * 3 + 1),
  );
});

it('when a reader stands in the middle of what is merged, then it goes on without gap or repeat', async () => {
  const log = await temporaryLog({ partitions: 1 });
  for (let index = 0; index < 100; index++) await store(log, 'd', String(index), index);
  const reader = log.read({ from: 'earliest', follow: true, batchSize: 50 })[Symbol.asyncIterator]();
  await reader.next();
  const seen = [...((await reader.next()).value?.messages ?? [])].map(bodyOf);
  for (let index = 100; index < 250; index++) await store(log, 'd', String(index), index);
  while (seen.length < 250) seen.push(...((await reader.next()).value?.messages ?? []).map(bodyOf));
  expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => String(index)));
  await reader.return?.();
});

it('when commits are of any size, then rows are merged in order, few are left, and none is larger than needed', async () => {
  await assert(
    asyncProperty(array(integer({ min: 1, max: 3_000 }), { minLength: 120, maxLength: 400 }), async (sizes) => {
      const file = join(await temporaryDirectory(), 'telemetry.db');
      const log = await temporaryLog({ file, partitions: 1 });
      for (const [index, size] of sizes.entries()) await store(log, 'd', `${index} `.padEnd(size, 'x'), index);
      const database = new DatabaseSync(file, { readOnly: true });
      const rows = database.prepare('select first, count, raw_bytes from batches order by first').all();
      database.close();
      let next = 0;
      for (const row of rows) {
        expect(row['first']).toBe(next);
        next += Number(row['count']);
        expect(Number(row['raw_bytes'])).toBeLessThan(2 * 64 * 1_024);
      }
      expect(next).toBe(sizes.length);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      // Those that wait to be merged, and the merged ones.
      expect(rows.length).toBeLessThanOrEqual(2 * 128 + Math.ceil(bytes / 32_000));
      expect((await readAll(log)).map((message) => Number.parseInt(bodyOf(message), 10))).toEqual(
        sizes.map((_, i) => i),
      );
      await log.close();
    }),
    { numRuns: 4 },
  );
});

it('when a log is opened again, then the small rows of before are merged with those that come', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  for (let round = 0; round < 4; round++) {
    const log = await temporaryLog({ file, partitions: 1 });
    for (let index = round * 40; index < round * 40 + 40; index++) await store(log, 'd', String(index), index);
    await log.close();
  }
  expect(rowsIn(file)).toBe(1 + 160 - 128);
  const log = await temporaryLog({ file, partitions: 1 });
  expect((await readAll(log)).map(bodyOf)).toEqual(Array.from({ length: 160 }, (_, index) => String(index)));
});

it('when retention took small rows, then merging the others does not bring them back', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const log = await temporaryLog({ file, partitions: 1, retention: { maxAgeMs: 1_000 } });
  for (let index = 0; index < 100; index++) await store(log, 'd', String(index), index);
  await log.prune(1_050);
  for (let index = 100; index < 400; index++) await store(log, 'd', String(index), index);
  expect((await readAll(log)).map(bodyOf)).toEqual(Array.from({ length: 350 }, (_, index) => String(index + 50)));
  expect(rowsIn(file)).toBeLessThan(128 + 100);
});

it.each([
  {
    name: 'fast, then a few of them that would make a full one are left as they are',
    size: 20_000,
    everyMs: 1,
    rows: 40,
  },
  { name: 'slowly, then a few of them make a full one', size: 20_000, everyMs: 1_000, rows: 10 },
  { name: 'fast, but are small, then many of them make a full one', size: 5_000, everyMs: 1, rows: 2 + 12 },
])('when rows come $name', async ({ size, everyMs, rows }) => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const log = await temporaryLog({ file, partitions: 1 });
  for (let index = 0; index < 40; index++) await store(log, 'd', 'x'.repeat(size), index * everyMs);
  // Whoever sent is told before rows are merged.
  await log.close();
  expect(rowsIn(file)).toBeLessThanOrEqual(rows);
  if (rows === 40) expect(rowsIn(file)).toBe(40);
});

function rowsIn(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('select count(*) as rows from batches').get()?.['rows']);
  } finally {
    database.close();
  }
}
