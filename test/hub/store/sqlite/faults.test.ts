import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { deviceRecord } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

const big = (deviceId: string) =>
  ({ kind: 'insert', record: deviceRecord(deviceId, { tags: { text: 'x'.repeat(4_000) } }) }) as const;

test('when the disk is full, then the write fails as a whole with the code of the system, and goes on when there is room', async () => {
  const store = await openRegistryStore({ file: temporaryDatabase(), maxBytes: 400_000 });
  let stored = 0;
  let failure: unknown;
  while (failure === undefined && stored < 200) {
    try {
      await store.write([big(`d-${stored}`)]);
      stored += 1;
    } catch (error) {
      failure = error;
    }
  }
  expect(failure).toMatchObject({ code: 'ENOSPC' });
  await expect(
    store.write([{ kind: 'insert', record: deviceRecord('small') }, big('x'), big('y')]),
  ).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await store.read('small')).toBeUndefined();
  expect(await store.counts()).toMatchObject({ total: stored });
  await store.write(
    Array.from({ length: 10 }, (_, index) => ({ kind: 'delete', identity: `d-${index}`, expected: 1 })),
  );
  expect(await store.write([big('x')])).toEqual(['applied']);
  expect(await store.counts()).toMatchObject({ total: stored - 9 });
  await store.close();
});

test('when another process holds the file for too long, then a write is refused as busy, and taken later', async () => {
  const file = temporaryDatabase();
  const store = await openRegistryStore({ file, busyTimeout: 20 });
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  await expect(store.write([{ kind: 'insert', record: deviceRecord('a') }])).rejects.toMatchObject({ code: 'EBUSY' });
  other.exec('ROLLBACK');
  other.close();
  expect(await store.write([{ kind: 'insert', record: deviceRecord('a') }])).toEqual(['applied']);
  await store.close();
});

test('when one of the writes that share a commit is impossible, then only that one fails', async () => {
  const store = await openRegistryStore({ file: ':memory:' });
  const wrong = { ...deviceRecord('wrong'), revision: 'x' as unknown as number };
  const [good, bad, alsoGood] = await Promise.allSettled([
    store.write([{ kind: 'insert', record: deviceRecord('a') }]),
    store.write([
      { kind: 'insert', record: deviceRecord('half') },
      { kind: 'insert', record: wrong },
    ]),
    store.write([{ kind: 'insert', record: deviceRecord('b') }]),
  ]);
  expect([good?.status, bad?.status, alsoGood?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await store.list(10)).map((record) => record.deviceId)).toEqual(['a', 'b']);
  await store.close();
});

test('when a value cannot cross to the thread, then that write is refused and the store goes on', async () => {
  const store = await openRegistryStore({ file: ':memory:' });
  const wrong = { ...deviceRecord('wrong'), modelId: (() => 'x') as unknown as string };
  await expect(store.write([{ kind: 'insert', record: wrong }])).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
  });
  expect(await store.write([{ kind: 'insert', record: deviceRecord('a') }])).toEqual(['applied']);
  await store.close();
});

test('when the process is killed, then every write that was acknowledged is there, and the file is whole', async () => {
  const file = temporaryDatabase();
  const writer = spawn(process.execPath, [fileURLToPath(new URL('./killed-writer.ts', import.meta.url)), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of writer.stdout) {
    output += String(chunk);
    if (output.split('\n').length > 100) break;
  }
  const exited = once(writer, 'exit');
  writer.kill('SIGKILL');
  await exited;
  const acknowledged = output.split('\n').slice(0, -1);
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  const store = await openRegistryStore({ file });
  const found = await store.readMany(acknowledged);
  expect(acknowledged.filter((deviceId) => !found.has(deviceId))).toEqual([]);
  await store.close();
  const database = new DatabaseSync(file);
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
});
