import type { ThreadError } from './messages.ts';

/** SQLite's primary result codes that mean a system error the user knows by another name. Source: sqlite.org/rescode.html */
const systemCodes: Readonly<Record<number, string>> = {
  3: 'EACCES',
  5: 'EBUSY',
  6: 'EBUSY',
  7: 'ENOMEM',
  8: 'EROFS',
  10: 'EIO',
  11: 'DamagedFile',
  13: 'ENOSPC',
  14: 'ENOENT',
  23: 'EACCES',
  26: 'DamagedFile',
};

/** Codes after which a transaction cannot go on with its other jobs. */
const fatalCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EIO', 'ENOMEM', 'EBUSY', 'EROFS', 'DamagedFile']);

/** A refusal of the database thread with a code of its own. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whatever was thrown, in the form that crosses threads. */
export function toThreadError(error: unknown): ThreadError {
  if (!(error instanceof Error)) return { message: String(error), code: 'ERR_UNKNOWN' };
  const resultCode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  const code = resultCode === undefined ? undefined : systemCodes[resultCode];
  return { message: error.message, code: code ?? ('code' in error ? String(error.code) : 'ERR_UNKNOWN') };
}

export function isFatal(error: ThreadError): boolean {
  return fatalCodes.has(error.code);
}
