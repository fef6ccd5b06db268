import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createArtifacts, type RunningArtifacts } from '../../../../src/hub/core/artifacts/artifacts.ts';
import type { ArtifactFiles, ArtifactWriter } from '../../../../src/hub/core/artifacts/service.ts';
import { createArtifactFiles } from '../../../../src/hub/store/artifacts/index.ts';
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts';

let directory: string;
let clock: FakeClock;
let files: ArtifactFiles;
let errors: unknown[];
const settings = new Map<string, unknown>();
const bytes = Buffer.from('firmware of a pump');
const name = createHash('sha256').update(bytes).digest('hex');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-artifacts-'));
  clock = fakeClock();
  files = createArtifactFiles(directory);
  errors = [];
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function open(over: Partial<ArtifactFiles> = {}): RunningArtifacts {
  const store = {
    readSetting: async (key: string) => settings.get(key) as string | undefined,
    writeSetting: async (key: string, value: unknown) => void settings.set(key, value),
  };
  return createArtifacts({ store, files: { ...files, ...over }, clock, onError: (error) => errors.push(error) });
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* all;
}

function put(artifacts: RunningArtifacts, content: Uint8Array = bytes): Promise<unknown> {
  return artifacts.put(name, { bytes: pieces(content.subarray(0, 5), content.subarray(5)), length: content.length });
}

/** How often a file was read from its beginning. */
function countReads(): { readonly over: Partial<ArtifactFiles>; readonly count: () => number } {
  let reads = 0;
  const over = {
    async open(sha256: string) {
      const file = await files.open(sha256);
      return (
        file && {
          ...file,
          read: (into: Uint8Array, position: number) => {
            if (position === 0) reads += 1;
            return file.read(into, position);
          },
        }
      );
    },
  };
  return { over, count: () => reads };
}

describe('an artifact on disk', () => {
  test('is for its owner alone, and so is its directory', async () => {
    await rm(directory, { recursive: true });
    await put(open());
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  test('when it was brought in this run, then it is not read again; in the next run once, and once more after a day', async () => {
    const { over, count } = countReads();
    const artifacts = open(over);
    await put(artifacts);
    await artifacts.find(name);
    expect(count()).toBe(0);
    const next = open(over);
    await Promise.all([next.find(name), next.find(name), next.open(name).then((file) => file.close())]);
    await next.find(name);
    expect(count()).toBe(1);
    await clock.advance(86_400_000);
    await next.find(name);
    expect(count()).toBe(2);
  });

  test('when it was touched, then it is read again, and is good if its content is', async () => {
    const { over, count } = countReads();
    const artifacts = open(over);
    await put(artifacts);
    await utimes(join(directory, name), 1, 1);
    await expect(artifacts.find(name)).resolves.toMatchObject({ size: bytes.length });
    expect(count()).toBe(1);
  });

  test('when it cannot be read, then that is no proof that it is damaged', async () => {
    const artifacts = open();
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, name), bytes);
    const failing = open({
      async open(sha256) {
        const file = await files.open(sha256);
        return file && { ...file, read: () => Promise.reject(new Error('EIO')) };
      },
    });
    await expect(failing.find(name)).rejects.toThrow('EIO');
    await expect(failing.find(name)).rejects.toThrow('EIO');
    await expect(artifacts.find(name)).resolves.toMatchObject({ sha256: name });
    expect(errors).toEqual([]);
  });

  test('when there is a directory or something else under a digest, then there is no artifact', async () => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, 'readme'), 'x');
    const artifacts = open();
    await expect(artifacts.find(name)).rejects.toMatchObject({ symbol: 'ArtifactNotFound' });
    await expect(artifacts.list({ limit: 10 })).resolves.toEqual({ artifacts: [], next: undefined });
  });
});

/** Writes until so many bytes, then fails as the disk does. */
const failingAfter = (limit: number, code: string): Partial<ArtifactFiles> => ({
  async create(): Promise<ArtifactWriter> {
    const writer = await files.create();
    let written = 0;
    return {
      ...writer,
      async write(chunk) {
        written += chunk.length;
        if (written > limit) throw Object.assign(new Error('write failed'), { code, syscall: 'write' });
        await writer.write(chunk);
      },
    };
  },
});

describe('an upload that goes wrong', () => {
  test.each([0, 5, 17])(
    'when the disk is full after %i bytes, then that is said and nothing is left',
    async (limit) => {
      await expect(put(open(failingAfter(limit, 'ENOSPC')))).rejects.toMatchObject({ symbol: 'InsufficientStorage' });
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test('when little is free, then it is refused before a byte is read', async () => {
    const artifacts = open({ free: async () => 64 * 1024 * 1024 + bytes.length - 1 });
    await expect(
      artifacts.put(name, {
        bytes: {
          [Symbol.asyncIterator]: () => {
            throw new Error('it was read');
          },
        },
        length: bytes.length,
      }),
    ).rejects.toMatchObject({ symbol: 'InsufficientStorage' });
    expect(await readdir(directory)).toEqual([]);
  });

  test('when the disk fails otherwise, then that is the error and nothing is left', async () => {
    await expect(put(open(failingAfter(5, 'EIO')))).rejects.toThrow('write failed');
    expect(await readdir(directory)).toEqual([]);
  });

  test('when the sender breaks off, then nothing is left', async () => {
    const artifacts = open();
    const broken = (async function* () {
      yield bytes.subarray(0, 5);
      throw new Error('gone');
    })();
    await expect(artifacts.put(name, { bytes: broken, length: bytes.length })).rejects.toThrow('gone');
    expect(await readdir(directory)).toEqual([]);
  });

  test('while it goes on, there is no artifact yet', async () => {
    const artifacts = open();
    const rest = Promise.withResolvers<void>();
    const halted = (async function* () {
      yield bytes.subarray(0, 5);
      await rest.promise;
      yield bytes.subarray(5);
    })();
    const stored = artifacts.put(name, { bytes: halted, length: bytes.length });
    await expect.poll(() => readdir(directory)).toHaveLength(1);
    await expect(artifacts.find(name)).rejects.toMatchObject({ symbol: 'ArtifactNotFound' });
    await expect(artifacts.list({ limit: 10 })).resolves.toMatchObject({ artifacts: [] });
    rest.resolve();
    await stored;
    expect(await readdir(directory)).toEqual([name]);
  });

  test('what an earlier run did not finish is removed, and nothing else', async () => {
    await put(open());
    await writeFile(join(directory, 'abc-1.part'), 'half');
    files = createArtifactFiles(directory);
    const writer = await files.create();
    await open().ready;
    expect((await readdir(directory)).filter((file) => file.startsWith('abc'))).toEqual([]);
    expect(await readdir(directory)).toHaveLength(2);
    await writer.abort();
    expect(await readdir(directory)).toEqual([name]);
  });
});

test('a hub without a place for files says so', async () => {
  const artifacts = createArtifacts({
    store: { readSetting: async () => undefined, writeSetting: async () => undefined },
    files: undefined,
    clock,
    onError: () => undefined,
  });
  await artifacts.ready;
  await expect(artifacts.find(name)).rejects.toMatchObject({ symbol: 'DefaultStorageEndpointNotConfigured' });
});
