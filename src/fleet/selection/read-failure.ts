import { Failure } from '../../errors/index.ts';

/** Says which file could not be read. */
export function failureOfRead(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOENT') return new Failure('file-not-found', `there is no file ${path}`, { cause: error });
  if (error.code === 'EISDIR') return new Failure('io', `${path} is a directory, not a file`, { cause: error });
  if (error.code === 'EACCES')
    return new Failure('permission-denied', `cannot read ${path}: permission denied`, { cause: error });
  return new Failure('io', `cannot read ${path}: ${error.message}`, { cause: error });
}
