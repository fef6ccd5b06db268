import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { isDiskFault, settleFile } from '../../../src/hub/store/mend.ts';
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

const coded = (errcode: number): Error => Object.assign(new Error('x'), { errcode });

it('when an error is of the disk, whichever call it was, then it is told from others', () => {
  // SQLITE_IOERR_FSYNC, SQLITE_IOERR; SQLITE_FULL, SQLITE_BUSY.
  expect([10 | (4 << 8), 10, 13, 5].map((code) => isDiskFault(coded(code)))).toEqual([true, true, false, false]);
  expect(isDiskFault(new Error('x'))).toBe(false);
});
