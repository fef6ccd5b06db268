import { chunksOfGiven } from '../../std/given-file.ts';
import { failureOfRead } from '../selection/read-failure.ts';

/** Small, so that the first devices are on their way while the rest is read. */
const chunkBytes = 32_768;
const countedBytes = 262_144;

/** The bytes of a file as they are consumed. Failures: file-not-found, permission-denied, io. */
export async function* chunksOfFile(
  path: string,
  highWaterMark = chunkBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunksOfGiven(path, highWaterMark);
  } catch (error) {
    throw failureOfRead(error, path);
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** How many lines that hold something a file has, for a progress bar. Pipes and the like count as none. */
export async function countLines(path: string): Promise<number> {
  const { stat } = await import('node:fs/promises');
  try {
    if (!(await stat(path)).isFile()) return 0;
  } catch (error) {
    throw failureOfRead(error, path);
  }
  let lines = 0;
  let holdsSomething = false;
  for await (const chunk of chunksOfFile(path, countedBytes)) {
    let begin = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, begin)) {
      if (holdsSomething || !isBlank(chunk, begin, end)) lines++;
      holdsSomething = false;
      begin = end + 1;
    }
    holdsSomething ||= !isBlank(chunk, begin, chunk.length);
  }
  return holdsSomething ? lines + 1 : lines;
}

/** True when there is nothing from `begin` to `end`, or only the first half of a CRLF. */
function isBlank(chunk: Uint8Array, begin: number, end: number): boolean {
  return end === begin || (end === begin + 1 && chunk[begin] === carriageReturn);
}
