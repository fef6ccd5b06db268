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
  const rows = Number(database.prepare('select count(*) as rows from batches').get()?.['rows']);
  const devices = database.prepare('select devices from batches order by first limit 1').get()?.['devices'];
  database.close();
  expect(rows).toBeLessThan(140);
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
