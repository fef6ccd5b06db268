import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { Failure, toFailure } from '../../errors/index.ts';
import { errorOfWrite, openBeside, syncDirectory } from '../../std/atomic-file.ts';
import { isLocked } from '../lock.ts';
import { requireSoundJournal } from '../store/journal-file.ts';
import { appendToAuditIn } from '../store/sqlite/audit-file.ts';
import { formatManifest, manifestName, type BackedUpFile } from './manifest.ts';
import { databaseNames } from './names.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

export interface BackupRequest {
  readonly dataDir: string;
  /** Written with mode 0600; it appears whole or not at all. */
  readonly file: string;
  /** Version of the program. */
  readonly version: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** Who is said to ask, for the audit. */
  readonly by?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of how many are written, before compression. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface BackupResult {
  readonly files: number;
  /** Of the data, and of the archive. */
  readonly bytes: number;
  readonly archiveBytes: number;
  /** Names of what lies in the directory and is no file of a hub. */
  readonly leftOut: readonly string[];
}

/**
 * Writes a hub's data directory to one archive (tar, zstd), whether the hub runs or not: each database is copied in one state, and the
 * registry together with the files that it names. Failures: `not-found` (no hub's data there), `data-unusable` (a damaged
 * journal of a hub that does not run), `disk-full`, `permission-denied`, `io`.
 */
export async function backupHub(request: BackupRequest): Promise<BackupResult> {
  const { dataDir, file, now, signal } = request;
  if ((await stat(`${dataDir}/${databaseNames[0]}`).catch(() => undefined)) === undefined)
    throw new Failure('not-found', `there is no hub's data in ${dataDir}`, { hint: 'name the directory with --data' });
  // To open a database that no hub has open puts its journal away, with what stands behind a hole in it.
  if (!isLocked(dataDir)) for (const name of databaseNames) await requireSoundJournal(`${dataDir}/${name}`);
  noteBackup(request);
  const snapshot = await takeSnapshot(dataDir, now, signal);
  try {
    return await writeArchive(request, snapshot);
  } finally {
    await snapshot.remove();
  }

  async function writeArchive(options: BackupRequest, { files, leftOut }: Snapshot): Promise<BackupResult> {
    const { file: handle, temporary } = await openBeside(file, 0o600);
    try {
      const bytes = await compress(handle, archiveOf(options, files), signal);
      await rename(temporary, file);
      await syncDirectory(dirname(file));
      return { files: files.length, bytes, archiveBytes: (await stat(file)).size, leftOut };
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      signal?.throwIfAborted();
      throw errorOfWrite(error, file);
    }
  }
}

/** A backup holds every key of the hub: no entry, no backup. Failures: those of the file system. */
function noteBackup({ dataDir, file, now, by = 'unknown' }: BackupRequest): void {
  const registry = `${dataDir}/${databaseNames[0]}`;
  try {
    const source = `user ${by}`;
    appendToAuditIn(registry, { at: now, event: 'hub.backup', source, result: 'accepted', targets: [file] });
  } catch (error) {
    throw toFailure(error, registry);
  }
}

/** Writes the archive to the file and closes it; answers how many bytes of data are in it. */
async function compress(
  handle: FileHandle,
  archive: AsyncGenerator<Uint8Array, number, undefined>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let bytes = 0;
  const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (let next = await archive.next(); ; next = await archive.next()) {
      if (next.done === true) {
        bytes = next.value;
        return;
      }
      yield next.value;
    }
  };
  try {
    const write = async (compressed: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of compressed) await handle.writeFile(chunk);
    };
    await pipeline(source(), createZstdCompress(), write, signal === undefined ? {} : { signal });
    await handle.sync();
    return bytes;
  } finally {
    await handle.close();
  }
}

async function* archiveOf(
  { version, now, onProgress }: BackupRequest,
  files: Snapshot['files'],
): AsyncGenerator<Uint8Array, number, undefined> {
  const seconds = Math.floor(now / 1_000);
  const sizes = new Map<string, number>();
  for (const { path } of files) sizes.set(path, (await stat(path)).size);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const listed: BackedUpFile[] = [];
  let done = 0;
  for (const { name, path } of files) {
    const size = sizes.get(path) ?? 0;
    const hash = createHash('sha256');
    yield tarHeader({ name, size }, seconds);
    for await (const chunk of bytesOf(path, size)) {
      hash.update(chunk);
      done += chunk.length;
      yield chunk;
      onProgress?.(done, total);
    }
    yield tarPadding(size);
    listed.push({ name, size, sha256: hash.digest('hex') });
  }
  const manifest = Buffer.from(
    formatManifest({ program: version, createdAt: new Date(now).toISOString(), files: listed }),
  );
  yield tarHeader({ name: manifestName, size: manifest.length }, seconds);
  yield manifest;
  yield tarPadding(manifest.length);
  yield tarEnd();
  return total;
}

/** Exactly so many bytes: the header has said how many. */
async function* bytesOf(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (size === 0) return;
  let read = 0;
  for await (const chunk of createReadStream(path, { end: size - 1 }) as AsyncIterable<Uint8Array>) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== size) throw new Error(`${path} became shorter while it was read`);
}
