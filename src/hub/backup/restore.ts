import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createZstdDecompress } from 'node:zlib';
import { Failure, isFailure, toFailure } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';
import { lockDirectory } from '../lock.ts';
import { appendToAuditIn } from '../store/sqlite/audit-file.ts';
import { manifestName, parseManifest, type BackedUpFile, type Manifest } from './manifest.ts';
import { databaseNames, isNameOfHub, workPrefix } from './names.ts';
import { dataIn, swap } from './swap.ts';
import { readTar, TarError, type ReadEntry } from './tar.ts';

export interface RestoreRequest {
  readonly file: string;
  readonly dataDir: string;
  /** Unix milliseconds, and who is said to ask: for the audit. */
  readonly now: number;
  readonly by?: string | undefined;
  /** Replace what is in the directory. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Asked when the backup is verified and before anything is replaced; false ends it. */
  readonly confirm?: ((found: Manifest, replaces: boolean) => Promise<boolean>) | undefined;
}

/**
 * Puts a backup in the place of a data directory. It is unpacked beside the old data and verified whole before anything is replaced;
 * whatever ends it before that leaves everything as it was, and so does a replacement that fails. Answers undefined when it was not confirmed. Failures: `hub-running`,
 * `conflict` (the directory is not empty), `data-unusable` (no backup, or a damaged one), and those of the file system.
 */
export async function restoreHub(request: RestoreRequest): Promise<Manifest | undefined> {
  const { file, dataDir, force, signal } = request;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const present = await dataIn(dataDir);
  if (present.length > 0 && !force)
    throw new Failure('conflict', `${dataDir} is not empty`, {
      hint: 'add --force to replace what is in it, or name another directory with --data',
    });
  const lock = await lockDirectory(dataDir);
  if (lock === undefined) throw new Failure('hub-running', `a hub runs on ${dataDir}`, { hint: 'iotctl hub stop' });
  const work = await mkdtemp(join(dataDir, workPrefix.restore));
  try {
    const manifest = await unpackVerified(file, work, signal);
    if (request.confirm !== undefined && !(await request.confirm(manifest, present.length > 0))) return undefined;
    signal?.throwIfAborted();
    noteRestore(join(work, databaseNames[0]), request, manifest);
    await swap(dataDir, work);
    return manifest;
  } finally {
    await rm(work, { recursive: true, force: true });
    lock.release();
  }
}

/** In the restored audit, which goes on from where the backup was taken. */
function noteRestore(registry: string, { file, now, by = 'unknown' }: RestoreRequest, { createdAt }: Manifest): void {
  const source = `user ${by}`;
  const details = { backupOf: createdAt };
  appendToAuditIn(registry, { at: now, event: 'hub.restore', source, result: 'done', targets: [file], details });
}

async function unpackVerified(file: string, work: string, signal: AbortSignal | undefined): Promise<Manifest> {
  try {
    const manifest = await unpack(file, work, signal);
    for (const name of databaseNames) if (manifest.files.some((each) => each.name === name)) checkDatabase(work, name);
    return manifest;
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOf(error, file);
  }
}

/** What the file system says keeps its own failure; everything else means that the archive is not good. */
function failureOf(error: unknown, file: string): Failure {
  const isArchive = error instanceof TarError || error instanceof SyntaxError || isZstdError(error);
  const failure = isArchive ? undefined : toFailure(error, file);
  if (failure !== undefined && !isFailure(failure, 'bug')) return failure;
  const why = messageOf(error);
  // What zstd says of a file that is none of its own.
  const isOther = /unknown frame descriptor/i.test(why);
  return new Failure(
    'data-unusable',
    isOther ? `${file} is no backup of a hub` : `${file} cannot be restored: ${why}`,
    {
      ...(isOther && { hint: 'give a file that iotctl hub backup wrote' }),
      cause: error,
    },
  );
}

function isZstdError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:ZSTD_|Z_|ERR_ZSTD)/.test(String(error.code));
}

async function unpack(file: string, work: string, signal: AbortSignal | undefined): Promise<Manifest> {
  const facts = await stat(file);
  if (!facts.isFile()) throw new TarError('it is not a file');
  const room = roomFor(facts.size);
  const compressed = createReadStream(file, signal === undefined ? {} : { signal });
  const archive = createZstdDecompress();
  compressed.on('error', (error) => archive.destroy(error));
  compressed.pipe(archive);
  const found = new Map<string, BackedUpFile>();
  let manifest: Manifest | undefined;
  for await (const entry of readTar(archive as AsyncIterable<Uint8Array>)) {
    signal?.throwIfAborted();
    if (manifest !== undefined) throw new TarError('something stands behind its list of files');
    room.take(entry.size);
    if (found.has(entry.name)) throw new TarError(`${entry.name} is in it twice`);
    if (entry.name === manifestName) manifest = parseManifest(await textOf(entry));
    else found.set(entry.name, await writeEntry(work, entry));
  }
  if (manifest === undefined) throw new TarError('it has no list of its files: it is not whole, or no backup');
  compare(manifest, found);
  return manifest;
}

/** Less than this every archive may hold. */
const freeBytes = 64 * 1024 * 1024;
const freeFiles = 1_000;
/** Twins of a fleet that are all alike come to a fiftieth; only what was made for it comes to less than this. */
const mostRatio = 400;
/** The name of a file alone takes more in an archive, however well it is packed. */
const leastBytesOfFile = 32;

/** Counts what an archive of so many bytes unpacks to. `take` throws a TarError for more than a backup can. */
function roomFor(archiveBytes: number): { take(size: number): void } {
  let bytes = freeBytes + archiveBytes * mostRatio;
  let files = freeFiles + archiveBytes / leastBytesOfFile;
  return {
    take(size) {
      bytes -= size;
      files -= 1;
      if (bytes < 0 || files < 0) throw new TarError('it unpacks to more than a backup of its size can hold');
    },
  };
}

function compare(manifest: Manifest, found: ReadonlyMap<string, BackedUpFile>): void {
  if (manifest.files.length !== found.size) throw new TarError('it has not the files of its list');
  for (const { name, size, sha256 } of manifest.files) {
    const file = found.get(name);
    if (file === undefined) throw new TarError(`${name} is missing in it`);
    if (file.size !== size || file.sha256 !== sha256) throw new TarError(`${name} is damaged in it`);
  }
  if (!found.has(databaseNames[0])) throw new TarError(`${databaseNames[0]} is missing in it`);
}

const longestManifest = 64 * 1024 * 1024;

async function writeEntry(work: string, { name, size, bytes }: ReadEntry): Promise<BackedUpFile> {
  if (!isNameOfHub(name)) throw new TarError('it has a file with a name that is not allowed');
  const path = join(work, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { name, size, sha256: hash.digest('hex') };
}

async function textOf({ size, bytes }: ReadEntry): Promise<string> {
  if (size > longestManifest) throw new TarError('its list of files is too long');
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function checkDatabase(work: string, name: string): void {
  const database = openDatabase(join(work, name), name);
  try {
    const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (answer !== 'ok') throw new TarError(`${name} in it is damaged`);
  } catch (error) {
    throw error instanceof TarError ? error : new TarError(`${name} in it is damaged: ${messageOf(error)}`);
  } finally {
    database.close();
  }
}

function openDatabase(path: string, name: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (error) {
    throw new TarError(`${name} in it is damaged: ${messageOf(error)}`);
  }
}
