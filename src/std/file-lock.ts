import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';

/** Something belongs to this process until the release. */
export interface FileLock {
  release(): void;
}

/**
 * Takes a lock file for this process, making it where it is missing; undefined when another process, or this one, has it.
 *
 * The lock is SQLite's own on an empty database: the operating system drops it when the process ends, however it ends. So there
 * are no stale locks, and no guessing whether a process id in a file still means the process that wrote it.
 */
export async function lockFile(file: string): Promise<FileLock | undefined> {
  await createIfMissing(file);
  const database = new DatabaseSync(file, { timeout: 500 });
  if (!tryBegin(database, 'BEGIN EXCLUSIVE')) {
    database.close();
    return undefined;
  }
  return { release: () => database.close() };
}

/** Never opens a file that is there: closing any handle of it would drop a lock this same process holds (POSIX record locks). */
async function createIfMissing(file: string): Promise<void> {
  try {
    await writeFile(file, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** True while some process, this one too, holds the lock. Never creates anything. */
export function isFileLocked(file: string): boolean {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
  } catch {
    return false;
  }
  try {
    return !tryBegin(database, 'SELECT count(*) FROM sqlite_schema');
  } finally {
    database.close();
  }
}

const sqliteBusy = 5;

function tryBegin(database: DatabaseSync, statement: string): boolean {
  try {
    database.exec(statement);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
    throw error;
  }
}
