/** Files and directories that only their owner may read: 0700 and 0600 at creation, checked whenever they are read. */
import { chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname } from 'node:path';
import { Failure, isFailure, toFailure } from '../errors/index.ts';
import { messageOf } from '../std/message-of.ts';

export interface PrivateFileOptions {
  /** The user's id; ownership is not checked when absent (Windows). */
  readonly uid?: number | undefined;
  /** Told when loose permissions were tightened. */
  readonly onNote?: ((text: string) => void) | undefined;
}

const othersMayAccess = 0o077;
const othersMayWrite = 0o022;
const hasModes = platform() !== 'win32';
const largestConfigFile = 256 * 1024;

/** Makes the directory 0700, or tightens it. Failure `permission-denied` when another user owns it. */
export async function ensurePrivateDirectory(path: string, options: PrivateFileOptions): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const stats = await lstat(path);
    if (!stats.isDirectory())
      throw new Failure('invalid-config', `${path} is not a directory`, { hint: `move ${path} away` });
    refuseForeignOwner(path, stats.uid, options);
    if (!hasModes || (stats.mode & othersMayAccess) === 0) return;
    await chmod(path, 0o700);
    options.onNote?.(`${path} was open to other users; its mode is now 0700`);
  } catch (error) {
    throw toFailure(error);
  }
}

/**
 * The text of a private file, undefined when there is none. Symbolic links are refused, loose permissions are tightened before
 * a byte is read, a file of another user is refused.
 */
export async function readPrivateFile(path: string, options: PrivateFileOptions): Promise<string | undefined> {
  return readThrough(path, (file) => {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Failure('invalid-config', `${path} is not a file`);
    refuseForeignOwner(path, stats.uid, options);
    if (stats.size > largestConfigFile) {
      throw new Failure('invalid-config', `${path} is too large for a configuration file`);
    }
    if (hasModes && (stats.mode & othersMayAccess) !== 0) {
      fchmodSync(file, 0o600);
      options.onNote?.(`${path} was open to other users; its mode is now 0600`);
    }
    tightenDirectory(dirname(path), options);
  });
}

/** Whoever may write the directory may put another file in the place of this one. */
function tightenDirectory(path: string, options: PrivateFileOptions): void {
  if (!hasModes) return;
  const stats = lstatSync(path);
  if (stats.uid !== options.uid || (stats.mode & othersMayWrite) === 0) return;
  chmodSync(path, 0o700);
  options.onNote?.(`other users could write to ${path}; its mode is now 0700`);
}

/** The text of a file as {@link readPrivateFile} would give it, with permissions left as they are; undefined when there is none. */
export async function readFileUnchanged(path: string): Promise<string | undefined> {
  return readThrough(path, () => undefined);
}

/** Failure `invalid-config` when a symbolic link stands where a file is about to be written. */
export async function refuseSymbolicLink(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() === true) throw linkFailure(path);
}

/** Reads at one go: for two files of a few hundred bytes, waking the thread pool would cost every command more than the reading. */
function readThrough(path: string, check: (file: number) => void): string | undefined {
  let file: number | undefined;
  try {
    // Not to block on a pipe that somebody put there.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    check(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isFailure(error)) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw linkFailure(path);
    throw new Failure('permission-denied', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function refuseForeignOwner(path: string, owner: number, options: PrivateFileOptions): void {
  if (!hasModes || options.uid === undefined || owner === options.uid) return;
  throw new Failure('permission-denied', `${path} belongs to another user (uid ${owner})`, {
    hint: 'take ownership of it, or set IOTCTL_CONFIG_DIR to a directory of yours',
  });
}

function linkFailure(path: string): Failure {
  return new Failure(
    'invalid-config',
    `${path} is a symbolic link; configuration is neither read nor written through one`,
    {
      hint: `replace ${path} with a file`,
    },
  );
}
