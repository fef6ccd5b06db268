import { createReadStream } from 'node:fs';
import { failureOfRead } from '../selection/index.ts';

/** The bytes of a file as they are consumed. Failures: file-not-found, permission-denied, io. */
export async function* chunksOfFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) yield chunk as Uint8Array;
  } catch (error) {
    throw failureOfRead(error, path);
  }
}

const lineFeed = 0x0a;

/** How many lines that hold something a file has, for a progress bar. Pipes and the like count as none. */
export async function countLines(path: string): Promise<number> {
  const { stat } = await import('node:fs/promises');
  try {
    if (!(await stat(path)).isFile()) return 0;
  } catch (error) {
    throw failureOfRead(error, path);
  }
  let lines = 0;
  let last = lineFeed;
  for await (const chunk of chunksOfFile(path)) {
    for (const byte of chunk) {
      if (byte === lineFeed && last !== lineFeed) lines++;
      if (byte !== 0x0d) last = byte;
    }
  }
  return last === lineFeed ? lines : lines + 1;
}
