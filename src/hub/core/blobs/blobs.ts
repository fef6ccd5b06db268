import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../../std/clock.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import { loadKey } from '../keys.ts';
import type { DocumentChange, RegistryStore } from '../ports.ts';
import { checkBlockId, createBlockCounter, segmentsOf } from './block-list.ts';
import { checkPresent, checkWrite } from './conditions.ts';
import { BlobError } from './errors.ts';
import { createFileKeeper, type FileKeeper } from './file-keeper.ts';
import { startUpkeep } from './upkeep.ts';
import { blobKey, blobNameProblem, containerProblem } from './names.ts';
import {
  blockKey,
  blockPrefix,
  deleteBlobChange,
  deleteBlockChange,
  listBlobs,
  listBlocks,
  putBlobChange,
  putBlockChange,
  readBlob,
  readBlock,
  type BlobRecord,
  type BlockRecord,
  type Segment,
} from './records.ts';
import { receive } from './receive.ts';
import type { BlobAddress, BlobFiles, BlobProperties, BlobService, BlobWrite, OpenBlob } from './service.ts';
import { signQuery, verifyQuery } from './signature.ts';

export interface BlobParts {
  readonly store: Pick<RegistryStore, 'documents' | 'readSetting' | 'writeSetting'>;
  readonly files: BlobFiles;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export interface RunningBlobs extends BlobService {
  close(): Promise<void>;
}

/** What one request may carry, in bytes; Azure's limit for a blob sent at once. */
const requestBytes = 5_000 * 1024 * 1024;
const keySetting = 'blobSigningKey';
const defaultType = 'application/octet-stream';

/**
 * Block blobs over files and documents. Bytes go to new files; one document says which files are a blob, so that a write is there
 * whole or not at all, and a reader of the old blob is not disturbed.
 */
export function createBlobs({ store, files, clock, onError }: BlobParts): RunningBlobs {
  const { documents } = store;
  const queue = createKeyedQueue();
  const keeper = createFileKeeper(files, onError);
  const waiting = createBlockCounter();
  const upkeep = startUpkeep({ documents, files, keeper, queue, clock, onError });
  let key: Promise<Uint8Array> | undefined;
  const signingKey = (): Promise<Uint8Array> =>
    (key ??= loadKey(store, keySetting, 64).catch((error: unknown) => {
      // A failure is not kept: the next caller asks again.
      key = undefined;
      throw error;
    }));

  async function found(address: BlobAddress): Promise<BlobRecord> {
    checkAddress(address);
    const record = await readBlob(documents, address);
    if (record === undefined) throw new BlobError('BlobNotFound', 'There is no such blob.');
    return record;
  }

  /** Makes a blob of segments, in place of what is there; drops what nothing refers to any more. */
  async function replace(
    address: BlobAddress,
    { description, conditions, mayReplace }: BlobWrite,
    choose: (present: BlobRecord | undefined, blocks: readonly BlockRecord[]) => readonly Segment[],
  ): Promise<BlobProperties> {
    return queue.run([blockPrefix(address)], async () => {
      const present = await readBlob(documents, address);
      checkWrite(conditions, mayReplace, present);
      const blocks = await listBlocks(documents, address);
      const segments = choose(present, blocks);
      const now = clock.now();
      const record: BlobRecord = {
        contentType: defaultType,
        ...description,
        name: address.blob,
        size: segments.reduce((sum, { size }) => sum + size, 0),
        etag: newEtag(),
        createdAt: present?.createdAt ?? now,
        modifiedAt: now,
        segments,
      };
      const changes: DocumentChange[] = blocks.map((block) => deleteBlockChange(block.key));
      await documents.write([putBlobChange(address, record), ...changes]);
      waiting.clear(blobKey(address));
      const used = new Set(segments.map(({ file }) => file));
      const old = [...(present?.segments ?? []), ...blocks].map(({ file }) => file).filter((file) => !used.has(file));
      await keeper.discard(old).catch(onError);
      return record;
    });
  }

  return {
    async put(address, content, write) {
      checkAddress(address);
      // Before the body is read; once more when it is there.
      checkWrite(write.conditions, write.mayReplace, await readBlob(documents, address));
      const { file, size, md5, checksum } = await receive(files, content, requestBytes);
      const description = { ...write.description, contentMd5: write.description.contentMd5 ?? md5 };
      try {
        return await replace(address, { ...write, description }, () =>
          file === undefined ? [] : [{ file, size, checksum }],
        );
      } catch (error) {
        if (file !== undefined) await files.remove([file]);
        throw error;
      }
    },
    async putBlock(address, id, content) {
      checkAddress(address);
      checkBlockId(id);
      waiting.add(blobKey(address));
      const { file, size, md5, checksum } = await receive(files, content, requestBytes);
      if (file === undefined) throw new BlobError('InvalidHeaderValue', 'A block must not be empty.');
      const block = { key: blockKey(address, id), id, file, size, checksum, storedAt: clock.now() };
      let earlier: BlockRecord | undefined;
      try {
        earlier = await queue.run([blockPrefix(address)], () => storeBlock(documents, block));
      } catch (error) {
        await files.remove([file]);
        throw error;
      }
      if (earlier !== undefined) await keeper.discard([earlier.file]).catch(onError);
      return md5;
    },
    putBlockList(address, blocks, write) {
      checkAddress(address);
      return replace(address, write, (present, uncommitted) => segmentsOf(blocks, uncommitted, present));
    },
    async blocks(address) {
      checkAddress(address);
      const present = await readBlob(documents, address);
      const uncommitted = await listBlocks(documents, address);
      const committed = (present?.segments ?? []).flatMap(({ block, size }) =>
        block === undefined ? [] : [{ id: block, size }],
      );
      if (present === undefined && uncommitted.length === 0)
        throw new BlobError('BlobNotFound', 'There is no such blob.');
      return { committed, uncommitted: uncommitted.map(({ id, size }) => ({ id, size })) };
    },
    properties: found,
    async open(address) {
      return queue.run([blockPrefix(address)], async () => openRecord(files, keeper, await found(address)));
    },
    remove(address, conditions = {}) {
      return queue.run([blockPrefix(address)], async () => {
        const record = await found(address);
        checkPresent(conditions, record);
        await documents.write([deleteBlobChange(address)]);
        await keeper.discard(record.segments.map(({ file }) => file)).catch(onError);
      });
    },
    async list(container, { prefix = '', after, limit }) {
      checkContainer(container);
      const blobs = await listBlobs(documents, container, { limit: limit + 1, prefix, after });
      const page = blobs.slice(0, limit);
      return { blobs: page, next: blobs.length > limit ? page.at(-1)?.name : undefined };
    },
    async sign({ container, blob, permissions, expiresAt }) {
      return signQuery(await signingKey(), { container, blob }, { permissions, expiresAt });
    },
    async authorize(place, query) {
      const allowed = verifyQuery(await signingKey(), place, query, clock.now());
      if (place.blob === undefined) checkContainer(place.container);
      else checkAddress({ container: place.container, blob: place.blob });
      return allowed;
    },
    close: () => upkeep.stop(),
  };
}

/** Keeps a block, in place of an earlier one with the same id; resolves to that one. */
async function storeBlock(documents: RegistryStore['documents'], block: BlockRecord): Promise<BlockRecord | undefined> {
  const earlier = await readBlock(documents, block.key);
  await documents.write([putBlockChange(block)]);
  return earlier;
}

function openRecord(files: BlobFiles, keeper: FileKeeper, record: BlobRecord): OpenBlob {
  const release = keeper.hold(record.segments.map(({ file }) => file));
  return {
    properties: record,
    async *bytes(start, end) {
      let offset = 0;
      for (const segment of record.segments) {
        const from = Math.max(0, start - offset);
        const to = Math.min(segment.size, end - offset);
        if (from === 0 && to === segment.size) yield* intact(files.read(segment.file, from, to), segment);
        else if (from < to) yield* files.read(segment.file, from, to);
        offset += segment.size;
      }
    },
    release,
  };
}

/** The whole of a file. Its last piece is held back until the checksum is known: whoever reads never has all of what is not right. */
async function* intact(pieces: AsyncIterable<Uint8Array>, { size, checksum }: Segment): AsyncGenerator<Uint8Array> {
  let [found, bytes] = [0, 0];
  let last: Uint8Array | undefined;
  for await (const piece of pieces) {
    if (last !== undefined) yield last;
    last = piece;
    bytes += piece.length;
    found = crc32(piece, found);
  }
  if (bytes !== size || (checksum !== undefined && checksum !== found))
    throw new BlobError('InternalError', 'The blob is damaged on the disk of the hub.');
  if (last !== undefined) yield last;
}

function newEtag(): string {
  return `"0x${randomBytes(8).toString('hex').toUpperCase()}"`;
}

function checkAddress({ container, blob }: BlobAddress): void {
  checkContainer(container);
  const problem = blobNameProblem(blob);
  if (problem !== undefined) throw new BlobError('InvalidResourceName', `The name of a blob ${problem}.`);
}

function checkContainer(container: string): void {
  const problem = containerProblem(container);
  if (problem !== undefined) throw new BlobError('InvalidResourceName', `The name of a container ${problem}.`);
}
