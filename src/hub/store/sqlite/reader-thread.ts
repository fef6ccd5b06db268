import type { ReaderThread } from './readers.ts';
import { DatabaseClient } from './thread/client.ts';

export interface ReaderThreadOptions {
  readonly file: string;
  /** How long to wait for another process that holds the file, in milliseconds. */
  readonly busyTimeout: number;
  /** Told when the thread ends by itself. */
  readonly onGone: (error: Error) => void;
}

/** Starts a thread with a connection of its own that only reads. Rejects with DatabaseError when the file cannot be opened. */
export async function startReaderThread({ file, busyTimeout, onGone }: ReaderThreadOptions): Promise<ReaderThread> {
  const client = new DatabaseClient(onGone, 'reader');
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  try {
    await client.open({ file, busyTimeout, maxBytes: undefined, stop });
  } catch (error) {
    await client.terminate();
    throw error;
  }
  return {
    query: (sql, values, limitMs) => client.query(sql, values, limitMs),
    close() {
      Atomics.store(stop, 0, 1);
      return client.close();
    },
  };
}
