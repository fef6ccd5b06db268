/** Files that somebody names: pipes among them, such as a shell makes for `<(…)`. */
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const chunkBytes = 64 * 1024;
const lookEveryMs = 20;
/** So often a pipe may be looked at without anybody who writes to it, 3 s; whoever does has as much time as they want. */
const looksWithoutWriter = 150;

/**
 * The bytes of a file as they are consumed. Failures are those of the system; ENXIO for a pipe that nobody writes to: to open it as
 * other files would wait without end, in a thread that even the end of the program waits for.
 */
export async function* chunksOfGiven(path: string, size = chunkBytes): AsyncGenerator<Buffer, void, undefined> {
  // What cannot be looked at cannot be opened either, which says it better.
  const isPipe = await stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );
  const file = await open(path, isPipe ? constants.O_RDONLY | constants.O_NONBLOCK : 'r');
  try {
    let looks = isPipe ? looksWithoutWriter : 0;
    for (;;) {
      const chunk = await readNow(file, size);
      if (chunk !== undefined && chunk.length > 0) yield chunk;
      // A pipe looks as if it had ended before anybody opened it to write.
      else if (chunk !== undefined && looks === 0) return;
      else await delay(lookEveryMs);
      if (chunk?.length !== 0) looks = 0;
      else if (--looks === 0) throw nobodyWrites(path);
    }
  } finally {
    await file.close();
  }
}

/** All of it; see {@link chunksOfGiven}. */
export async function readGivenFile(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOfGiven(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** All of it as text; see {@link chunksOfGiven}. */
export async function readGivenText(path: string): Promise<string> {
  return (await readGivenFile(path)).toString('utf8');
}

/** What is there; empty at the end, undefined where something may come. */
async function readNow(file: FileHandle, size: number): Promise<Buffer | undefined> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

function nobodyWrites(path: string): Error {
  return Object.assign(new Error(`ENXIO: nobody writes to the pipe ${path}`), { code: 'ENXIO', syscall: 'open', path });
}
