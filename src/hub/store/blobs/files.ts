import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../../std/atomic-file.ts';
import type { BlobFiles, BlobFileWriter } from '../../core/blobs/service.ts';

const unfinished = '.part';

/** The bytes of blobs, each run of them in a file of its own in one directory (0700), which is made when the first comes. */
export function createBlobFiles(directory: string): BlobFiles {
  // Tells the files of this run from those that an earlier one left.
  const run = randomBytes(8).toString('hex');
  let count = 0;
  let made: Promise<unknown> | undefined;

  return {
    async create() {
      made ??= mkdir(directory, { recursive: true, mode: 0o700 });
      await made.catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      count += 1;
      const file = `${run}-${count}`;
      const path = join(directory, file);
      return writerOf(file, path, await open(`${path}${unfinished}`, 'wx', 0o600));
    },
    read(file, start, end) {
      return createReadStream(join(directory, file), { start, end: end - 1 });
    },
    async remove(files) {
      for (const file of files) await unlinkIfThere(join(directory, file));
    },
    async listOlder() {
      return (await namesIn(directory)).filter((name) => !name.startsWith(run));
    },
    async free() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    },
  };
}

function writerOf(file: string, path: string, handle: FileHandle): BlobFileWriter {
  let isOpen = true;
  return {
    file,
    async write(bytes) {
      let written = 0;
      while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
    },
    async commit() {
      await handle.sync();
      isOpen = false;
      await handle.close();
      await rename(`${path}${unfinished}`, path);
      await syncDirectory(join(path, '..'));
    },
    async abort() {
      if (isOpen) await handle.close();
      isOpen = false;
      await unlinkIfThere(`${path}${unfinished}`);
    },
  };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
