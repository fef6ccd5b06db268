import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { failureOfRead } from './read-failure.ts';

/** The lines of a text file, read as they are consumed. Failures: file-not-found, permission-denied, io. */
export async function* linesOfFile(path: string): AsyncGenerator<string, void, undefined> {
  const stream = createReadStream(path, 'utf8');
  try {
    let first = true;
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield first ? line.replace(/^\uFEFF/, '') : line;
      first = false;
    }
  } catch (error) {
    throw failureOfRead(error, path);
  } finally {
    stream.destroy();
  }
}
