import { constants, open, type FileHandle } from 'node:fs/promises';
import { Failure } from '../../../errors/index.ts';

/** Larger ones are none of ours. */
const largestDocument = 256 * 1_024;

/** Opens a file of the device's own: no symbolic link is followed, and what is no plain file is refused. */
export async function openOwn(path: string, flags: number, mode?: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // Not to block on a pipe that somebody put there.
    file = await open(path, flags | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0), mode);
  } catch (error) {
    if (codeOf(error) === 'ELOOP') throw unexpected(path, 'a symbolic link');
    throw error;
  }
  const stats = await file.stat();
  if (stats.isFile() && stats.nlink <= 1) return file;
  await file.close();
  throw unexpected(path, stats.isFile() ? 'a file with a second name' : 'no file');
}

/** The text of a small file; undefined when there is none. */
export async function readOwn(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await openOwn(path, constants.O_RDONLY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > largestDocument) throw unexpected(path, `${size} bytes long`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unexpected(path: string, what: string): Failure {
  return new Failure('invalid-config', `${path} is ${what}, and the agent reads and writes no such file`, {
    hint: `move ${path} away, or choose another --firmware-dir`,
  });
}
