import { appendFileSync, copyFileSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { readJournalFile } from '../../../src/hub/store/journal-file.ts';
import { forgetAbandoned, isDiskFault, settleFile } from '../../../src/hub/store/mend.ts';
import { temporaryDatabase } from './sqlite/temporary-directory.ts';

it('when a file is settled, then all is in the main file, the log begins anew, and nothing has changed', () => {
  const file = temporaryDatabase();
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma user_version = 7; create table t (n); insert into t values (1)');
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  settleFile(database);
  expect(statSync(`${file}-wal`).size).toBe(0);
  expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 7 });
  expect(database.prepare('select n from t').all()).toEqual([{ n: 1 }]);
  database.close();
});

/** An open database whose log holds the frames of two more commits, which this connection takes for never written. */
function openWithRemnants(): { readonly file: string; readonly database: DatabaseSync } {
  const source = temporaryDatabase();
  const writer = new DatabaseSync(source);
  writer.exec('pragma journal_mode = wal; create table t (n); insert into t values (1)');
  const file = `${source}-copy`;
  copyFileSync(source, file);
  copyFileSync(`${source}-wal`, `${file}-wal`);
  const known = statSync(`${file}-wal`).size;
  const database = new DatabaseSync(file);
  expect(database.prepare('select n from t').all()).toEqual([{ n: 1 }]);
  writer.exec('pragma user_version = 1');
  for (const n of [2, 3]) writer.exec(`insert into t values (randomblob(9000 * ${n}))`);
  appendFileSync(`${file}-wal`, readFileSync(`${source}-wal`).subarray(known));
  writer.close();
  return { file, database };
}

describe('transactions that failed, longer than what comes after them', () => {
  it('look like a damaged log once something short is written over their begin', async () => {
    const { file, database } = openWithRemnants();
    database.exec('pragma user_version = 5');
    expect((await readJournalFile(`${file}-wal`))?.damagedAt).toBeDefined();
    database.close();
  });

  it('are forgotten, and the log is sound whatever is written after them', async () => {
    const { file, database } = openWithRemnants();
    forgetAbandoned(database);
    const frames = (await readJournalFile(`${file}-wal`))?.frames ?? 0;
    database.exec('pragma user_version = 5');
    expect(await readJournalFile(`${file}-wal`)).toEqual({ frames: frames + 1, damagedAt: undefined });
    expect(database.prepare('select n from t').all()).toEqual([{ n: 1 }]);
    database.close();
  });

  it('are nothing where there is no log', () => {
    const database = new DatabaseSync(':memory:');
    expect(() => forgetAbandoned(database)).not.toThrow();
    database.close();
  });
});

const coded = (errcode: number): Error => Object.assign(new Error('x'), { errcode });

it('when an error is of the disk, whichever call it was, then it is told from others', () => {
  // SQLITE_IOERR_FSYNC, SQLITE_IOERR; SQLITE_FULL, SQLITE_BUSY.
  expect([10 | (4 << 8), 10, 13, 5].map((code) => isDiskFault(coded(code)))).toEqual([true, true, false, false]);
  expect(isDiskFault(new Error('x'))).toBe(false);
});
