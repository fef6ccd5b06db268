import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, toFailure } from '../../errors/index.ts';
import { syncDirectory } from '../../std/atomic-file.ts';

export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/**
 * Creates files that must not exist, all or none of them, and brings them to the disk. Nothing is ever replaced, and no symbolic link is
 * followed. Failures: conflict (one is there), permission-denied, disk-full, file-not-found, io.
 */
export async function createFiles(files: readonly NewFile[]): Promise<void> {
  const made: string[] = [];
  let path = '';
  try {
    for (const file of files) {
      path = file.path;
      await mkdir(dirname(path), { recursive: true });
      const handle = await open(path, 'wx', file.mode);
      made.push(path);
      try {
        await handle.writeFile(file.content);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  } catch (error) {
    await Promise.all(made.map((each) => unlink(each).catch(() => undefined)));
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new Failure('conflict', `${path} is there already; it is never overwritten`, {
        hint: 'choose another name or directory, or move it away',
        cause: error,
      });
    throw toFailure(error, path);
  }
  await Promise.all([...new Set(files.map((file) => dirname(file.path)))].map(syncDirectory));
}
