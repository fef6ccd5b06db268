import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Failure, toFailure } from '../../errors/index.ts';

/** A file whose size and digest are known, held open: what is read later is what was measured, whatever happens to its name. */
export interface MeasuredFile extends AsyncDisposable {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Its content from the beginning, as often as it is asked for. A piece holds until the next is asked for. */
  content(): AsyncIterable<Uint8Array>;
}

const chunkBytes = 256 * 1024;

/**
 * Reads a file once, in pieces, for its size and SHA-256. Failures: file-not-found, permission-denied, io, invalid-input (empty, or
 * not a file), changed-meanwhile.
 */
export async function measureFile(
  path: string,
  options: {
    readonly signal?: AbortSignal | undefined;
    /** Told all bytes that have been read. */
    readonly onProgress?: (bytes: number) => void;
  } = {},
): Promise<MeasuredFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw toFailure(error, path);
  });
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw new Failure('invalid-input', `${path} is not a file`);
    if (before.size === 0) throw new Failure('invalid-input', `${path} is empty`);
    const hash = createHash('sha256');
    let size = 0;
    // One buffer for all: the digest takes it in before the next read.
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, size);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
      options.onProgress?.(size);
    }
    const after = await handle.stat();
    if (size !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs)
      throw new Failure('changed-meanwhile', `${path} was changed while it was read`);
    return {
      size,
      sha256: hash.digest('hex'),
      content: () => readAll(handle, path),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw toFailure(error, path);
  }
}

/** Every piece is in the same memory: with memory of its own for each, tens of megabytes would wait to be collected. */
async function* readAll(handle: FileHandle, path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position).catch((error: unknown) => {
      throw toFailure(error, path);
    });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
