import { rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorOfWrite, openBeside, syncDirectory } from './atomic-file.ts';

/** A file that appears whole or not at all, written piece by piece. */
export interface AtomicWriter {
  write(text: string): Promise<void>;
  /** Makes the file durable and puts it in its place. */
  commit(): Promise<void>;
  /** Gives up; what stood at the path stays. Harmless after `commit`. */
  abort(): Promise<void>;
}

/**
 * Like `writeFileAtomic`, for content that need not fit into memory. The mode holds from the first byte on. Errors of the system
 * name `path`.
 */
export async function openAtomicWriter(path: string, mode = 0o600): Promise<AtomicWriter> {
  const { file, temporary } = await openBeside(path, mode);
  let stage: 'writing' | 'closed' | 'placed' = 'writing';
  const naming = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw errorOfWrite(error, path);
    }
  };
  return {
    write: (text) => naming(() => file.writeFile(text)),
    commit: () =>
      naming(async () => {
        await file.sync();
        await file.close();
        stage = 'closed';
        await rename(temporary, path);
        stage = 'placed';
        await syncDirectory(dirname(path));
      }),
    async abort() {
      if (stage === 'placed') return;
      if (stage === 'writing') await file.close();
      stage = 'placed';
      await unlink(temporary).catch(() => undefined);
    },
  };
}
