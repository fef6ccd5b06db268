import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, it } from 'vitest';
import { readJournalFile, requireSoundJournal } from '../../../src/hub/store/journal-file.ts';
import { temporaryDatabase } from './sqlite/temporary-directory.ts';

const frameBytes = 4_096 + 24;
let file: string;
let journal: Buffer;

/** Ten commits of one frame each, as a killed process leaves them. */
beforeEach(() => {
  const path = temporaryDatabase();
  const database = new DatabaseSync(path);
  database.exec('pragma journal_mode = wal; create table t (n); pragma wal_checkpoint(truncate)');
  for (let n = 0; n < 10; n++) database.exec(`insert into t values (${n})`);
  file = `${path}-left`;
  copyFileSync(path, file);
  copyFileSync(`${path}-wal`, `${file}-wal`);
  database.close();
  journal = readFileSync(`${file}-wal`);
});

function change(at: number): void {
  const changed = Buffer.from(journal);
  changed[at] = (changed[at] ?? 0) ^ 1;
  writeFileSync(`${file}-wal`, changed);
}

it('when the log is whole, then all its frames count', async () => {
  expect(statSync(`${file}-wal`).size).toBe(32 + 10 * frameBytes);
  expect(await readJournalFile(`${file}-wal`)).toEqual({ frames: 10, damagedAt: undefined });
  await requireSoundJournal(file);
});

it('when a byte in the midst is another, then the place is told, and the file is not opened', async () => {
  change(32 + 3 * frameBytes + 100);
  expect(await readJournalFile(`${file}-wal`)).toEqual({ frames: 3, damagedAt: 32 + 3 * frameBytes });
  await expect(requireSoundJournal(file)).rejects.toMatchObject({ code: 'data-unusable' });
});

it('when the header is damaged, then everything behind it would be lost', async () => {
  change(9);
  expect(await readJournalFile(`${file}-wal`)).toMatchObject({ frames: 0, damagedAt: 0 });
});

it('when the last write was cut short, then that is no damage: nobody was told that it is stored', async () => {
  writeFileSync(`${file}-wal`, journal.subarray(0, -1_000));
  expect(await readJournalFile(`${file}-wal`)).toEqual({ frames: 9, damagedAt: undefined });
  change(32 + 9 * frameBytes + 100);
  expect(await readJournalFile(`${file}-wal`)).toEqual({ frames: 9, damagedAt: undefined });
});

it('when an earlier turn of the log stands behind, then it is no part of it', async () => {
  const path = temporaryDatabase();
  const database = new DatabaseSync(path);
  database.exec('pragma journal_mode = wal; create table t (n)');
  for (let n = 0; n < 10; n++) database.exec(`insert into t values (${n})`);
  database.exec('pragma wal_checkpoint(restart); insert into t values (10)');
  expect(await readJournalFile(`${path}-wal`)).toEqual({ frames: 1, damagedAt: undefined });
  database.close();
  expect(await readJournalFile(`${path}-wal`)).toBeUndefined();
});

it('when a hub writes over what is read, then only what a second look finds too is damage', async () => {
  const damagedAt = 32 + 3 * frameBytes;
  const laterTurn = Buffer.from(journal);
  // Salts of the header; what they are is not looked at before its checksum holds.
  laterTurn.fill(7, 16, 24);
  let looks = 0;
  const overtaken =
    (second: () => void): typeof open =>
    (...wanted) => {
      looks += 1;
      if (looks % 2 === 0) second();
      return open(...wanted);
    };
  change(damagedAt + 100);
  const nothing = overtaken(() => undefined);
  expect(await readJournalFile(`${file}-wal`, nothing)).toEqual({ frames: 3, damagedAt });
  const whole = overtaken(() => writeFileSync(`${file}-wal`, journal));
  expect(await readJournalFile(`${file}-wal`, whole)).toEqual({ frames: 10, damagedAt: undefined });
  change(damagedAt + 100);
  const elsewhere = overtaken(() => change(damagedAt + frameBytes + 100));
  expect(await readJournalFile(`${file}-wal`, elsewhere)).toEqual({ frames: 4, damagedAt: undefined });
  change(9);
  const turned = overtaken(() => writeFileSync(`${file}-wal`, laterTurn));
  expect(await readJournalFile(`${file}-wal`, turned)).toMatchObject({ damagedAt: undefined });
  change(damagedAt + 100);
  const gone = overtaken(() => writeFileSync(`${file}-wal`, ''));
  expect(await readJournalFile(`${file}-wal`, gone)).toBeUndefined();
  expect(looks).toBe(10);
});
