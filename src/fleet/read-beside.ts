import { isAbsolute, join } from 'node:path';
import { toFailure } from '../errors/index.ts';
import { readGivenText } from '../std/given-file.ts';

/** The text of a file that another one names: a relative path begins at that one's directory. Failures: file-not-found and the system's own. */
export async function readBeside(path: string, directory: string): Promise<string> {
  const file = isAbsolute(path) ? path : join(directory, path);
  try {
    return await readGivenText(file);
  } catch (error) {
    throw toFailure(error, file);
  }
}
