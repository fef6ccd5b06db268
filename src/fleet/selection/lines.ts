import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Failure } from '../../errors/index.ts';

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

/** Says which file could not be read. */
export function failureOfRead(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOENT') return new Failure('file-not-found', `there is no file ${path}`, { cause: error });
  if (error.code === 'EISDIR') return new Failure('io', `${path} is a directory, not a file`, { cause: error });
  if (error.code === 'EACCES')
    return new Failure('permission-denied', `cannot read ${path}: permission denied`, { cause: error });
  return new Failure('io', `cannot read ${path}: ${error.message}`, { cause: error });
}
