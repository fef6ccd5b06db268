import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createBlobs, type RunningBlobs } from '../../../../src/hub/core/blobs/blobs.ts';
import type { BlobContent, BlobFiles, BlobWrite } from '../../../../src/hub/core/blobs/service.ts';
import { createBlobFiles } from '../../../../src/hub/store/blobs/index.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const address = { container: 'exports', blob: 'devices.txt' };
const write: BlobWrite = { description: { metadata: {} }, conditions: {}, mayReplace: true };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(adapt: (files: BlobFiles) => BlobFiles = (files) => files) {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-blobs-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  const store = await openRegistryStore({ file: ':memory:' });
  cleanups.push(() => store.close());
  const clock = fakeClock();
  const errors: unknown[] = [];
  const start = (): RunningBlobs => {
    const files = adapt(createBlobFiles(directory));
    const blobs = createBlobs({ store, files, clock, onError: (error) => errors.push(error) });
    cleanups.push(() => blobs.close());
    return blobs;
  };
  return { directory, clock, errors, start, store };
}

function content(...chunks: string[]): BlobContent {
  const bytes = chunks.map((chunk) => Buffer.from(chunk));
  return {
    // oxlint-disable-next-line typescript/require-await -- a body comes as it comes
    bytes: (async function* () {
      yield* bytes;
    })(),
    length: Buffer.concat(bytes).length,
  };
}

async function textOf(blobs: RunningBlobs): Promise<string> {
  const blob = await blobs.open(address);
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.bytes(0, blob.properties.size)) chunks.push(chunk);
  blob.release();
  return Buffer.concat(chunks).toString('utf8');
}

test.each([
  ['a changed byte', (bytes: Buffer) => Buffer.from(bytes).fill(0x21, 100_000, 100_001)],
  ['a missing end', (bytes: Buffer) => bytes.subarray(0, 150_000)],
])(
  'when the disk left %s in a blob, then nobody gets all of it, and what is asked of other bytes goes on',
  async (_, damage) => {
    const { directory, start } = await open();
    const blobs = start();
    await blobs.put(address, content('whole '.repeat(40_000)), write);
    const [name = ''] = await readdir(directory);
    await writeFile(join(directory, name), damage(await readFile(join(directory, name))));
    const blob = await blobs.open(address);
    let bytes = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of blob.bytes(0, blob.properties.size)) bytes += chunk.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'InternalError' });
    expect(bytes).toBeLessThan(240_000);
    for await (const chunk of blob.bytes(0, 6)) expect(Buffer.from(chunk).toString()).toBe('whole ');
    blob.release();
  },
);

test('when the hub starts again, blobs and waiting blocks are there, and files nobody knows are gone', async () => {
  const { directory, clock, errors, start } = await open();
  const first = start();
  await first.put(address, content('kept'), write);
  await first.putBlock({ ...address, blob: 'b' }, 'MQ==', content('block'));
  await writeFile(join(directory, 'of-a-crash.part'), 'half');
  await writeFile(join(directory, 'of-a-crash'), 'whole, but in no document');
  await first.close();
  const second = start();
  await second.put({ ...address, blob: 'new' }, content('new'), write);
  await clock.advance(60_000);
  await expect.poll(() => readdir(directory)).toHaveLength(3);
  expect(await textOf(second)).toBe('kept');
  const list = [{ id: 'MQ==', from: 'latest' }] as const;
  expect((await second.putBlockList({ ...address, blob: 'b' }, list, write)).size).toBe(5);
  expect(errors).toEqual([]);
});

test('when the disk is full in the midst of a body, nothing of it is left and the blob of before stays', async () => {
  let room = Number.POSITIVE_INFINITY;
  const { directory, start } = await open((files) => ({
    ...files,
    async create() {
      const writer = await files.create();
      return {
        ...writer,
        async write(bytes) {
          room -= bytes.length;
          if (room < 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
          await writer.write(bytes);
        },
      };
    },
  }));
  const blobs = start();
  await blobs.put(address, content('old'), write);
  room = 6;
  await expect(blobs.put(address, content('12345', '67890'), write)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await readdir(directory)).toHaveLength(1);
  expect(await textOf(blobs)).toBe('old');
});

test('when a body would take the room that the hub needs itself, it is refused before a byte is read', async () => {
  const { start } = await open((files) => ({ ...files, free: () => Promise.resolve(64 * 1024 * 1024) }));
  let read = false;
  const body: BlobContent = {
    // oxlint-disable-next-line typescript/require-await, require-yield -- only whether it begins matters
    bytes: (async function* () {
      read = true;
    })(),
    length: 1,
  };
  await expect(start().put(address, body, write)).rejects.toMatchObject({ code: 'InsufficientStorage', status: 507 });
  expect(read).toBe(false);
});

test('when the room runs out while a body comes that did not say its length, it is refused and nothing is left', async () => {
  const megabyte = 'x'.repeat(1024 * 1024);
  let room = 80 * 1024 * 1024;
  const { directory, start } = await open((files) => ({
    ...files,
    free() {
      room -= 10 * 1024 * 1024;
      return Promise.resolve(room);
    },
  }));
  const { bytes } = content(...Array.from({ length: 40 }, () => megabyte));
  await expect(start().put(address, { bytes }, write)).rejects.toMatchObject({ code: 'InsufficientStorage' });
  expect(await readdir(directory)).toEqual([]);
});

test('when a body is announced larger than a request may be, it is refused with the limit', async () => {
  const { start } = await open();
  const body = { ...content('x'), length: 6_000 * 1024 * 1024 };
  await expect(start().put(address, body, write)).rejects.toMatchObject({ code: 'RequestBodyTooLarge', status: 413 });
});

test('when two bodies for one blob must both be the first, one of them is refused', async () => {
  const { start } = await open();
  const blobs = start();
  const once = { ...write, conditions: { ifNoneMatch: '*' } };
  const results = await Promise.allSettled([
    blobs.put(address, content('one'), once),
    blobs.put(address, content('two'), once),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('when the document of a block cannot be stored, then its file goes, and an earlier block of that id stays', async () => {
  const { directory, store, start } = await open();
  const blobs = start();
  await blobs.putBlock(address, 'MQ==', content('before'));
  const { documents } = store;
  const writeDocuments = documents.write.bind(documents);
  documents.write = () => Promise.reject(new Error('the disk is full'));
  await expect(blobs.putBlock(address, 'MQ==', content('after'))).rejects.toThrow('the disk is full');
  expect(await readdir(directory)).toHaveLength(1);
  documents.write = writeDocuments;
  await blobs.putBlockList(address, [{ id: 'MQ==', from: 'latest' }], write);
  expect(await textOf(blobs)).toBe('before');
});

test('when a block is stored and the one it replaces cannot be removed, then the new one stays', async () => {
  const failing = { remove: false };
  const { errors, start } = await open((files) => ({
    ...files,
    remove: (names) => (failing.remove ? Promise.reject(new Error('the disk is away')) : files.remove(names)),
  }));
  const blobs = start();
  await blobs.putBlock(address, 'MQ==', content('before'));
  failing.remove = true;
  await blobs.putBlock(address, 'MQ==', content('after'));
  failing.remove = false;
  expect(errors).toEqual([new Error('the disk is away')]);
  await blobs.putBlockList(address, [{ id: 'MQ==', from: 'latest' }], write);
  expect(await textOf(blobs)).toBe('after');
});

test('when the store fails once, then the next address can be signed', async () => {
  const { store, clock, start } = await open();
  const blobs = start();
  const read = store.readSetting.bind(store);
  store.readSetting = () => Promise.reject(new Error('busy'));
  const grant = { container: 'exports', permissions: ['r'], expiresAt: clock.now() + 1_000 } as const;
  await expect(blobs.sign(grant)).rejects.toThrow('busy');
  store.readSetting = read;
  expect(await blobs.sign(grant)).toContain('sig=');
});

test('when an old block is made part of a blob as it is about to be dropped, then the blob has it', async () => {
  const { store, clock, start } = await open();
  const blobs = start();
  await blobs.putBlock(address, 'MQ==', content('old but wanted'));
  const week = 7 * 86_400_000;
  let isOld = false;
  const { documents } = store;
  const list = documents.list.bind(documents);
  let committed: Promise<unknown> | undefined;
  documents.list = async (collection, page) => {
    const found = await list(collection, page);
    if (collection === 'blob-blocks' && page.prefix === '' && isOld)
      await (committed ??= blobs.putBlockList(address, [{ id: 'MQ==', from: 'latest' }], write));
    return found;
  };
  // Each round ends in the store's own time, and only then is the next one planned.
  for (const ms of [60_000, week, 3_600_000]) {
    isOld = ms === 3_600_000;
    await clock.advance(ms);
    await expect.poll(() => clock.pending).toBe(1);
  }
  expect(committed).toBeDefined();
  expect(await textOf(blobs)).toBe('old but wanted');
});

test('when a block of an earlier run is made part of a blob while leftovers are looked for, then the blob has it', async () => {
  const { store, clock, start } = await open();
  const first = start();
  await first.putBlock(address, 'MQ==', content('sent before'));
  await first.close();
  const blobs = start();
  const { documents } = store;
  const list = documents.list.bind(documents);
  let committed: Promise<unknown> | undefined;
  documents.list = async (collection, page) => {
    const found = await list(collection, page);
    if (page.prefix === '') await (committed ??= blobs.putBlockList(address, [{ id: 'MQ==', from: 'latest' }], write));
    return found;
  };
  await clock.advance(60_000);
  await expect.poll(() => clock.pending).toBe(1);
  expect(committed).toBeDefined();
  expect(await textOf(blobs)).toBe('sent before');
});
