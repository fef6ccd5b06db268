import { copyFile, link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { databaseNames, isNameOfHub, isOfRun, workPrefix } from './names.ts';

const blobDirectory = 'blobs';

/** Files that stand still: copies of the databases, and the others as they are. */
export interface Snapshot {
  /** Names for the archive, and where the bytes are. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Names of what lies in the directory and is no file of a hub. */
  readonly leftOut: readonly string[];
  remove(): Promise<void>;
}

/** All pages in one step: the copy is one state of the file, and writers are not in its way nor it in theirs. */
const everyPage = 2 ** 31 - 1;
const attempts = 3;
const busyTimeoutMs = 5_000;
const forgottenAfterMs = 86_400_000;

/** Takes a snapshot of a data directory, whether its hub runs or not. The copies are made inside it, where there is room and nobody looks. */
export async function takeSnapshot(dataDir: string, now: number, signal: AbortSignal | undefined): Promise<Snapshot> {
  await removeForgotten(dataDir, now);
  const work = await mkdtemp(join(dataDir, workPrefix.backup));
  const remove = (): Promise<void> => rm(work, { recursive: true, force: true });
  try {
    const files: Snapshot['files'][number][] = [];
    const { names, leftOut } = await plainFiles(dataDir);
    for (const name of names) files.push({ name, path: join(dataDir, name) });
    files.push(...(await registryWithBlobs(dataDir, work, signal)));
    for (const name of databaseNames.slice(1)) {
      signal?.throwIfAborted();
      if (await copyDatabase(join(dataDir, name), join(work, name))) files.push({ name, path: join(work, name) });
    }
    return { files: files.toSorted((left, right) => (left.name < right.name ? -1 : 1)), leftOut, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * The registry and the bytes of the blobs that it names. Files are linked before and after the copy of the registry: what it names
 * was there at one of the two moments, unless a blob was made and removed meanwhile; then it is tried again.
 */
async function registryWithBlobs(
  dataDir: string,
  work: string,
  signal: AbortSignal | undefined,
): Promise<Snapshot['files'][number][]> {
  const [registry] = databaseNames;
  const from = join(dataDir, blobDirectory);
  const to = join(work, blobDirectory);
  const copy = join(work, registry);
  await mkdir(to, { mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    await linkAll(from, to);
    if (!(await copyDatabase(join(dataDir, registry), copy))) return [];
    await linkAll(from, to);
    const there = new Set(await readdir(to));
    const named = blobFilesOf(copy);
    if (named.every((file) => there.has(file))) {
      const blobs = named.map((file) => ({ name: `${blobDirectory}/${file}`, path: join(to, file) }));
      return [{ name: registry, path: copy }, ...blobs];
    }
    if (attempt === attempts) throw new Error('files of the hub changed too often while they were copied');
  }
}

/** False when there is no such database. */
async function copyDatabase(from: string, to: string): Promise<boolean> {
  if ((await stat(from).catch(() => undefined)) === undefined) return false;
  const database = new DatabaseSync(from, { timeout: busyTimeoutMs });
  try {
    await backup(database, to, { rate: everyPage });
  } finally {
    database.close();
  }
  return true;
}

/** The files that a registry names as bytes of blobs. */
function blobFilesOf(registry: string): string[] {
  const database = new DatabaseSync(registry, { readOnly: true });
  try {
    const rows = database
      .prepare(
        `SELECT DISTINCT json_extract(segment.value, '$.file') AS file
         FROM documents, json_each(documents.value, '$.segments') AS segment WHERE collection = 'blobs'
         UNION SELECT json_extract(value, '$.file') FROM documents WHERE collection = 'blob-blocks'`,
      )
      .all();
    return rows.flatMap(({ file }) => (typeof file === 'string' ? [file] : []));
  } finally {
    database.close();
  }
}

/** Names for the files of a directory that stay when the originals are removed. */
async function linkAll(from: string, to: string): Promise<void> {
  const there = new Set(await readdir(to));
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const file = entry.name;
    if (there.has(file) || file.endsWith('.part') || !entry.isFile()) continue;
    try {
      await link(join(from, file), join(to, file));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') continue;
      // Some file systems have no links.
      await copyFile(join(from, file), join(to, file));
    }
  }
}

/** Everything else: certificates, keys, firmware files and what is added later. Directories that no hub makes are not looked into. */
async function plainFiles(dataDir: string): Promise<{ names: string[]; leftOut: string[] }> {
  const names: string[] = [];
  const leftOut: string[] = [];
  const sort = async (directory: string): Promise<void> => {
    for (const entry of await readdir(join(dataDir, directory), { withFileTypes: true })) {
      const name = `${directory}${entry.name}`;
      if (name === blobDirectory || isOfRun(name)) continue;
      const isPlain = isNameOfHub(name);
      if (isPlain && entry.isFile()) names.push(name);
      else if (isPlain && entry.isDirectory() && directory === '') await sort(`${name}/`);
      else leftOut.push(entry.isDirectory() ? `${name}/` : name);
    }
  };
  await sort('');
  return { names, leftOut: leftOut.toSorted() };
}

/** A backup that was killed could not clear up after itself. */
async function removeForgotten(dataDir: string, now: number): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(workPrefix.backup)) continue;
    const { mtimeMs } = await stat(join(dataDir, name));
    if (mtimeMs < now - forgottenAfterMs) await rm(join(dataDir, name), { recursive: true, force: true });
  }
}
