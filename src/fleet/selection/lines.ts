import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { chunksOfGiven } from '../../std/given-file.ts';
import { failureOfRead } from './read-failure.ts';

/** The lines of a text file, read as they are consumed. Failures: file-not-found, permission-denied, io. */
export async function* linesOfFile(path: string): AsyncGenerator<string, void, undefined> {
  const input = Readable.from(chunksOfGiven(path));
  try {
    let first = true;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield first ? line.replace(/^\uFEFF/, '') : line;
      first = false;
    }
  } catch (error) {
    throw failureOfRead(error, path);
  } finally {
    input.destroy();
  }
}
