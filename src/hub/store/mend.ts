/** What is done with a SQLite file after the disk has failed under it, before anything is written to it again. */
import type { DatabaseSync } from 'node:sqlite';

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
  const version = Number(database.prepare('pragma user_version').get()?.['user_version']);
  database.exec(`pragma user_version = ${version}`);
  database.exec('pragma wal_checkpoint(truncate)');
}
