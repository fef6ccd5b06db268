import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { sql, type Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { migrate } from '../../../../src/hub/store/sqlite/migrate.ts';
import { DatabaseClient } from '../../../../src/hub/store/sqlite/thread/client.ts';
import { minimumSqlite, requireSqlite } from '../../../../src/hub/store/sqlite/thread/version.ts';
import { deviceRecord } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

describe('the SQLite library', () => {
  test.each(['3.51.2', '3.40.1', '3.7.0', '2.99.99', '', 'x'])('when it is %j, then it is refused', (version) => {
    expect(() => requireSqlite(version)).toThrow(expect.objectContaining({ code: 'TooOld' }));
  });

  test.each([minimumSqlite, '3.51.4', '3.53.4', '3.100.0', '4.0.0'])('when it is %s, then it is taken', (version) => {
    expect(() => requireSqlite(version)).not.toThrow();
  });
});

describe('opening', () => {
  test('when the file is new, then only its owner may read it and its journal', async () => {
    const file = temporaryDatabase();
    const store = await openRegistryStore({ file });
    await store.write([{ kind: 'insert', record: deviceRecord('a') }]);
    for (const path of [file, `${file}-wal`]) expect(statSync(path).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test('when the file is of another program, then it is left as it is', async () => {
    const file = temporaryDatabase();
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE notes (text TEXT)');
    other.close();
    const before = readFileSync(file);
    await expect(openRegistryStore({ file })).rejects.toMatchObject({ code: 'data-unusable' });
    expect(readFileSync(file)).toEqual(before);
  });

  test('when the file is no database at all, then it is left as it is', async () => {
    const file = temporaryDatabase();
    const content =
      'this is not a database, and it is longer than a header of one hundred bytes would be, so that it is read';
    writeFileSync(file, content);
    await expect(openRegistryStore({ file })).rejects.toMatchObject({
      code: 'data-unusable',
      message: expect.stringContaining(file),
    });
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  test('when the file was written by a newer version, then it is refused', async () => {
    const file = temporaryDatabase();
    await (await openRegistryStore({ file })).close();
    const newer = new DatabaseSync(file);
    newer.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2030-01-01T00:00:00Z')");
    newer.close();
    await expect(openRegistryStore({ file })).rejects.toMatchObject({
      code: 'data-unusable',
      message: expect.stringContaining('newer version'),
    });
  });

  test('when the directory is missing, then the system says so', async () => {
    await expect(openRegistryStore({ file: `${temporaryDatabase()}/none/registry.db` })).rejects.toMatchObject({
      code: expect.stringMatching(/^ENO/),
    });
  });

  test('when another process holds the file, then opening says that a hub runs', async () => {
    const file = temporaryDatabase();
    await (await openRegistryStore({ file })).close();
    const other = new DatabaseSync(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    try {
      await expect(openRegistryStore({ file, busyTimeout: 20 })).rejects.toMatchObject({ code: 'hub-running' });
    } finally {
      other.close();
    }
  });
});

const create = (table: string) => ({
  up: async (database: Kysely<unknown>) =>
    void (await sql`CREATE TABLE ${sql.table(table)} (id INTEGER)`.execute(database)),
});
const broken = {
  up: async (database: Kysely<unknown>) => {
    await create('half').up(database);
    throw new Error('the power is gone');
  },
};

describe('migrations', () => {
  test('when one fails half-way, then nothing of the run is applied, and it can be run again', async () => {
    const file = temporaryDatabase();
    const client = new DatabaseClient();
    await client.open({ file, busyTimeout: 100, maxBytes: undefined });
    const tables = async () =>
      (
        await client.query("SELECT name FROM sqlite_schema WHERE name IN ('one', 'half', 'two') ORDER BY name", [])
      ).rows.flat();
    await expect(
      migrate(client, { '0001-one': async () => create('one'), '0002-two': async () => broken }),
    ).rejects.toThrow('the power is gone');
    expect(await tables()).toEqual([]);
    await migrate(client, { '0001-one': async () => create('one') });
    await expect(
      migrate(client, { '0001-one': async () => create('one'), '0002-two': async () => broken }),
    ).rejects.toThrow('the power is gone');
    expect(await tables()).toEqual(['one']);
    await migrate(client, { '0001-one': async () => create('one'), '0002-two': async () => create('two') });
    expect(await tables()).toEqual(['one', 'two']);
    await client.close();
  });
});
