import { randomBytes } from 'node:crypto';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that a reader, or a power cut, sees the old content or the new, never a mix. The temporary file is created
 * exclusively, with its final mode, in the same directory; a symbolic link at `path` is replaced, never followed. Errors of the
 * system name `path`.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const { file, temporary } = await openBeside(path, mode);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw errorOfWrite(error, path);
  }
  await syncDirectory(dirname(path));
}

/** Opens a new file in the directory of `path`, to be renamed to it. What could not be replaced is refused before anything is written. */
export async function openBeside(
  path: string,
  mode: number,
): Promise<{ readonly file: FileHandle; readonly temporary: string }> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory() === true)
    throw errorOfWrite(Object.assign(new Error('a directory'), { code: 'EISDIR' }), path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    return { file: await open(temporary, 'wx', mode), temporary };
  } catch (error) {
    throw errorOfWrite(error, path);
  }
}

/** The error of the system with the path that was asked for, and not the one of a temporary file. */
export function errorOfWrite(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const { code } = error;
  return Object.assign(new Error(`cannot write ${path}: ${error.message}`, { cause: error }), {
    code,
    syscall: 'write',
    path,
  });
}

/** Makes a rename or a create in the directory durable; a no-op where directories cannot be synced. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch {
    // Windows and some network file systems refuse to open or sync a directory; the rename itself stands.
  }
}
