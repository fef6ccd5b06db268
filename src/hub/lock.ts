import { join } from 'node:path';
import { isFileLocked, lockFile, type FileLock } from '../std/file-lock.ts';

/** The data directory belongs to this process until the release. */
export type DataLock = FileLock;

const fileName = 'hub.lock';

/** Takes the data directory for this process; undefined when another process has it. Free again when the process ends. */
export function lockDirectory(directory: string): Promise<DataLock | undefined> {
  return lockFile(join(directory, fileName));
}

/** True while some process, this one too, holds the lock. Never creates anything. */
export function isLocked(directory: string): boolean {
  return isFileLocked(join(directory, fileName));
}
