import { randomBytes } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from './atomic-file.ts';

/** A file that appears whole or not at all, written piece by piece. */
export interface AtomicWriter {
  write(text: string): Promise<void>;
  /** Makes the file durable and puts it in its place. */
  commit(): Promise<void>;
  /** Gives up; what stood at the path stays. Harmless after `commit`. */
  abort(): Promise<void>;
}

/** Like `writeFileAtomic`, for content that need not fit into memory. The mode holds from the first byte on. */
export async function openAtomicWriter(path: string, mode = 0o600): Promise<AtomicWriter> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx', mode);
  let stage: 'writing' | 'closed' | 'placed' = 'writing';
  return {
    async write(text) {
      await file.writeFile(text);
    },
    async commit() {
      await file.sync();
      await file.close();
      stage = 'closed';
      await rename(temporary, path);
      stage = 'placed';
      await syncDirectory(dirname(path));
    },
    async abort() {
      if (stage === 'placed') return;
      if (stage === 'writing') await file.close();
      stage = 'placed';
      await unlink(temporary).catch(() => undefined);
    },
  };
}
