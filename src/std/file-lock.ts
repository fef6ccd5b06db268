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
  let locked = false;
  try {
    locked = tryBegin(database, 'BEGIN EXCLUSIVE');
  } catch (error) {
    throw systemError(error, file);
  } finally {
    if (!locked) database.close();
  }
  return locked ? { release: () => database.close() } : undefined;
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
  } catch (error) {
    throw systemError(error, file);
  } finally {
    database.close();
  }
}

const sqliteBusy = 5;
/** What SQLite's primary result codes are called by the system. Source: sqlite.org/rescode.html */
const systemCodes: Readonly<Record<number, string>> = { 3: 'EACCES', 8: 'EROFS', 10: 'EIO', 13: 'ENOSPC' };

/** The error in the form of an error of the file system, about this file. */
function systemError(error: unknown, file: string): unknown {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return error;
  const code = systemCodes[error.errcode & 0xff] ?? 'EINVAL';
  const named = new Error(`cannot lock ${file}: ${error.message}`, { cause: error });
  return Object.assign(named, { code, syscall: 'write', path: file });
}

function tryBegin(database: DatabaseSync, statement: string): boolean {
  try {
    database.exec(statement);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
    throw error;
  }
}
