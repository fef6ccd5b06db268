import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAtomicWriter } from '../../src/std/atomic-writer.ts';

describe('a file written piece by piece', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-writer-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('appears whole at the commit, for its owner alone', async () => {
    const path = join(directory, 'out.csv');
    const writer = await openAtomicWriter(path);
    await writer.write('a\n');
    await writer.write('b\n');
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await writer.commit();
    await writer.abort();
    expect(await readFile(path, 'utf8')).toBe('a\nb\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['out.csv']);
  });

  it('when it is given up, then what stood there stays and nothing else does', async () => {
    const path = join(directory, 'out.csv');
    await writeFile(path, 'before');
    const writer = await openAtomicWriter(path);
    await writer.write('half');
    await writer.abort();
    await writer.abort();
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(directory)).toEqual(['out.csv']);
  });
});
