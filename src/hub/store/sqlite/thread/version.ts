import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from './errors.ts';

/** The first SQLite without the WAL-reset bug, which can damage a file that two connections write. */
export const minimumSqlite = '3.51.3';

/** Throws DatabaseError `TooOld` when the library is older than {@link minimumSqlite}. */
export function requireSqlite(version: string): void {
  const have = version.split('.').map(Number);
  const need = minimumSqlite.split('.').map(Number);
  const index = need.findIndex((part, position) => have[position] !== part);
  if (index < 0) return;
  // NaN and missing parts compare as older.
  if ((have[index] ?? 0) > (need[index] ?? 0)) return;
  throw new DatabaseError(
    'TooOld',
    `SQLite ${version} in this Node.js is older than ${minimumSqlite}, which this program needs`,
  );
}

/** Of the library in this Node, without touching a file. */
export function readSqliteVersion(): string {
  const memory = new DatabaseSync(':memory:');
  try {
    return String(memory.prepare('SELECT sqlite_version() AS version').get()?.['version']);
  } finally {
    memory.close();
  }
}
