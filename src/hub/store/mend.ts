/** What is done with a SQLite file after the disk has failed under it, before anything is written to it again. */
import { statSync, truncateSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { frameHeaderBytes, journalHeaderBytes, journalOf } from './journal-file.ts';

/** SQLITE_IOERR of sqlite3.h; its extended codes say which call failed. */
const ioError = 10;

/** True when the disk failed: whether what was being written is on it nobody knows. */
export function isDiskFault(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === ioError;
}

/**
 * Brings the write-ahead log of an open database to where disk and memory agree again; throws while that cannot be done. To be
 * followed by a close, and the file opened anew.
 *
 * After a sync that failed, the system may hold what it could not write for written: asking it to sync again says nothing
 * (fsyncgate), and a file that is opened again is read from that same memory. So a small change is written first, over the place
 * where the failed one stood, and synced: from there on the disk has what is read. Then everything goes to the main file and is
 * synced there, and the log begins anew.
 */
export function settleFile(database: DatabaseSync): void {
  forgetAbandoned(database);
  const version = Number(database.prepare('pragma user_version').get()?.['user_version']);
  database.exec(`pragma user_version = ${version}`);
  database.exec('pragma wal_checkpoint(truncate)');
}

/**
 * Cuts off what transactions that failed have left behind the end of the log. SQLite writes over it; but where what it writes is shorter,
 * a rest with commits in it stays, and looks like a log that is damaged in the midst to whoever opens it next (journal-file.ts).
 */
export function forgetAbandoned(database: DatabaseSync): void {
  const file = database.location();
  // No checkpoint: it only tells how many frames there are.
  const frames = Number(database.prepare('pragma wal_checkpoint(noop)').get()?.['log']);
  const pageBytes = Number(database.prepare('pragma page_size').get()?.['page_size']);
  // -1 where there is no log.
  if (file === null || !(frames >= 0)) return;
  const end = journalHeaderBytes + frames * (frameHeaderBytes + pageBytes);
  if (statSync(journalOf(file)).size > end) truncateSync(journalOf(file), end);
}
