import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../../std/atomic-file.ts';
import type { ArtifactFileFacts, ArtifactFiles, ArtifactWriter } from '../../core/artifacts/service.ts';

const unfinished = '.part';
/** A link in the directory is nobody's artifact, and a pipe must not hold up whoever opens it. Windows has neither of the flags. */
const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Artifacts as files of one directory (0700), which is made when the first comes. */
export function createArtifactFiles(directory: string): ArtifactFiles {
  // Tells what this run is writing from what an earlier one left.
  const run = randomBytes(8).toString('hex');
  let count = 0;
  const made = (): Promise<unknown> => mkdir(directory, { recursive: true, mode: 0o700 });

  return {
    async create() {
      await made();
      count += 1;
      const path = join(directory, `${run}-${count}${unfinished}`);
      return writerOf(directory, path, await open(path, 'wx', 0o600));
    },
    async open(name) {
      const handle = await openFile(join(directory, name));
      if (handle === undefined) return undefined;
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) {
          await handle.close();
          return undefined;
        }
        return {
          ...factsOf(stats),
          async read(into, position) {
            return (await handle.read(into, 0, into.length, position)).bytesRead;
          },
          close: () => handle.close(),
        };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async facts(name) {
      const stats = await lstat(join(directory, name)).catch(undefinedWhenMissing);
      return stats?.isFile() === true ? factsOf(stats) : undefined;
    },
    async names() {
      return (await readdir(directory).catch(undefinedWhenMissing))?.toSorted() ?? [];
    },
    async removeUnfinished() {
      for (const name of (await readdir(directory).catch(undefinedWhenMissing)) ?? [])
        if (name.endsWith(unfinished) && !name.startsWith(run))
          await unlink(join(directory, name)).catch(undefinedWhenMissing);
    },
    async free() {
      await made();
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    },
  };
}

function writerOf(directory: string, path: string, handle: FileHandle): ArtifactWriter {
  let state: 'open' | 'closed' | 'done' = 'open';
  return {
    async write(bytes) {
      let written = 0;
      while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
    },
    async commit(name) {
      await handle.sync();
      const facts = factsOf(await handle.stat());
      state = 'closed';
      await handle.close();
      await rename(path, join(directory, name));
      state = 'done';
      await syncDirectory(directory);
      return facts;
    },
    async abort() {
      if (state === 'open') await handle.close();
      if (state !== 'done') await unlink(path).catch(undefinedWhenMissing);
      state = 'done';
    },
  };
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, readOnly);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

function factsOf(stats: Stats): ArtifactFileFacts {
  return { size: stats.size, modifiedAt: stats.mtimeMs, fileId: `${stats.dev}:${stats.ino}` };
}

function undefinedWhenMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
  return undefined;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
