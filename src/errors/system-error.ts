/** What the operating system said, in words a person can act on; Node's own message where there are none. */
export function describeSystemError(error: Error, path?: string): string {
  const { code, syscall, target = path } = factsOf(error);
  const reason = code === undefined ? undefined : reasons[code];
  if (reason === undefined) return error.message;
  if (syscall === undefined) return `${reason}: ${error.message}`;
  if (code === 'ENOENT' && looksUp.test(syscall) && target !== undefined) return `there is no file ${target}`;
  const action = actions[syscall] ?? 'use';
  return `cannot ${target === undefined ? action : `${action} ${target}`}: ${reason}`;
}

/** Calls that find nothing because it is not there, and not because the directory it should come to is not. */
const looksUp = /^(?:open|l?stat)$/;

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it is there already',
  EFBIG: 'it would be too large',
  EIO: 'the disk failed',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link, or has too many of them in its path',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'too many files are open',
  ENOENT: 'there is no such file or directory',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of its path is not a directory',
  ENOTEMPTY: 'the directory is not empty',
  ENXIO: 'nobody is at its other end',
  EPERM: 'the operating system does not permit it',
  EROFS: 'the file system is read-only',
};

const actions: Readonly<Record<string, string>> = {
  chmod: 'change the mode of',
  fsync: 'write',
  mkdir: 'make',
  mkdtemp: 'make',
  open: 'open',
  read: 'read',
  rename: 'write',
  rm: 'remove',
  scandir: 'list',
  unlink: 'remove',
  write: 'write',
};

interface Facts {
  readonly code?: string;
  readonly syscall?: string;
  /** What the call was about: of a rename, the new name. */
  readonly target?: string;
}

function factsOf(error: Error & { code?: unknown; syscall?: unknown; path?: unknown; dest?: unknown }): Facts {
  const target = [error.dest, error.path].find((value) => typeof value === 'string');
  return {
    ...(typeof error.code === 'string' && { code: error.code }),
    ...(typeof error.syscall === 'string' && { syscall: error.syscall }),
    ...(target !== undefined && { target }),
  };
}
