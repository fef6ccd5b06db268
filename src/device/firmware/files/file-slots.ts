import { createHash } from 'node:crypto';
import { constants, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../../../std/atomic-file.ts';
import { parseJsonObject } from '../../../std/json.ts';
import { InstallProblem, type SlotName, type Slots, type SlotWriter } from '../ports.ts';
import { codeOf, openOwn, readOwn } from './own-file.ts';
import type { FirmwarePaths } from './paths.ts';

export interface FileSlotsOptions {
  readonly paths: FirmwarePaths;
  /** The slot that boots; it is never written. */
  readonly selected: () => Promise<SlotName>;
}

/** Room that is left to others on the disk. */
const marginBytes = 1_024 * 1_024;
const readBytes = 256 * 1_024;

/** The slots as directories. A firmware grows in a file of its own and is moved into its slot when it has been checked. */
export function fileSlots({ paths, selected }: FileSlotsOptions): Slots {
  return {
    async capacity() {
      const { blocks, bsize } = await statfs(paths.root);
      return Math.min(blocks * bsize, Number.MAX_SAFE_INTEGER);
    },
    async open(slot, file) {
      if ((await selected()) === slot) throw new Error(`slot ${slot} runs, and is not written`);
      await dropOthers(paths.download, file.sha256);
      const part = join(paths.download, `${file.sha256}.part`);
      await clearSlot(paths, slot, { sha256: file.sha256, part });
      const handle = await openOwn(part, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        const { size } = await handle.stat();
        await refuseFullDisk(paths.root, file.size - size);
        return new FileWriter({ paths, slot, part, handle, length: size });
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async digest(slot) {
      let file: FileHandle;
      try {
        file = await openOwn(paths.image(slot), constants.O_RDONLY);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
      try {
        return await measure(file);
      } finally {
        await file.close();
      }
    },
    async document(slot) {
      const text = await readOwn(paths.manifest(slot));
      return text === undefined ? undefined : parseJsonObject(text);
    },
  };
}

class FileWriter implements SlotWriter {
  readonly #paths: FirmwarePaths;
  readonly #slot: SlotName;
  readonly #part: string;
  readonly #file: FileHandle;
  #length: number;
  #isOpen = true;

  constructor(options: { paths: FirmwarePaths; slot: SlotName; part: string; handle: FileHandle; length: number }) {
    this.#paths = options.paths;
    this.#slot = options.slot;
    this.#part = options.part;
    this.#file = options.handle;
    this.#length = options.length;
  }

  get length(): number {
    return this.#length;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.byteLength;) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.byteLength - done, this.#length);
      done += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#length = 0;
  }

  async digest(): Promise<string> {
    return (await measure(this.#file)).sha256;
  }

  async seal(signed: Parameters<SlotWriter['seal']>[0]): Promise<void> {
    const { root, download } = this.#paths;
    const image = this.#paths.image(this.#slot);
    await this.#file.chmod(0o700);
    await this.#file.sync();
    await rename(this.#part, image);
    // The file that was checked is the one that is open; somebody may have put another one in its place.
    const [open, placed] = [await this.#file.stat(), await stat(image)];
    if (open.ino !== placed.ino || open.dev !== placed.dev) {
      await rm(image, { force: true });
      throw new InstallProblem('storage-failed', `another file took the place of ${image}`);
    }
    await writeFileAtomic(this.#paths.manifest(this.#slot), `${JSON.stringify(signed, undefined, 2)}\n`);
    await syncDirectory(download);
    await syncDirectory(root);
    await this.close();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

/** Only one firmware is fetched at a time; what is left of others takes room. */
async function dropOthers(directory: string, sha256: string): Promise<void> {
  for (const name of await readdir(directory))
    if (name !== `${sha256}.part`) await rm(join(directory, name), { recursive: true, force: true });
}

/** Empties a slot. A file in it that is wanted again becomes the part that is there already: it is checked as if it had been fetched. */
async function clearSlot(
  paths: FirmwarePaths,
  slot: SlotName,
  wanted: { readonly sha256: string; readonly part: string },
): Promise<void> {
  const document = parseJsonObject((await readOwn(paths.manifest(slot))) ?? '');
  const manifest = document?.['manifest'];
  await rm(paths.manifest(slot), { force: true });
  const isWanted =
    typeof manifest === 'object' &&
    manifest !== null &&
    Object.entries(manifest).some(([name, value]) => name === 'sha256' && value === wanted.sha256);
  if (isWanted) await rename(paths.image(slot), wanted.part).catch(() => undefined);
  else await rm(paths.image(slot), { force: true });
}

async function refuseFullDisk(path: string, missing: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (missing + marginBytes <= free) return;
  throw new InstallProblem('storage-failed', `${free} bytes are free, and ${missing + marginBytes} are needed`);
}

/** Reads a file from its beginning, through the descriptor it is given. */
async function measure(file: FileHandle): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(readBytes);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
