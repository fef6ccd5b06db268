import type { BlobFiles } from './service.ts';

/** Removes files as soon as nobody reads them. */
export interface FileKeeper {
  /** Keeps the files until the returned function is called. */
  hold(files: readonly string[]): () => void;
  /** Files that nothing refers to any more. */
  discard(files: readonly string[]): Promise<void>;
}

export function createFileKeeper(files: BlobFiles, onError: (error: unknown) => void): FileKeeper {
  const readers = new Map<string, number>();
  const doomed = new Set<string>();

  function release(file: string): void {
    const left = (readers.get(file) ?? 1) - 1;
    if (left > 0) {
      readers.set(file, left);
      return;
    }
    readers.delete(file);
    if (doomed.delete(file)) files.remove([file]).catch(onError);
  }

  return {
    hold(held) {
      for (const file of held) readers.set(file, (readers.get(file) ?? 0) + 1);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        for (const file of held) release(file);
      };
    },
    async discard(unwanted) {
      for (const file of unwanted) if (readers.has(file)) doomed.add(file);
      await files.remove(unwanted.filter((file) => !readers.has(file)));
    },
  };
}
