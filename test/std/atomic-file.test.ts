import { lstat, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/std/atomic-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-atomic-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('writeFileAtomic', () => {
  it('creates the file with its mode and leaves no temporary file', async () => {
    await writeFileAtomic(join(directory, 'a.json'), '{}');
    expect((await stat(join(directory, 'a.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['a.json']);
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    await writeFile(join(directory, 'victim'), 'untouched');
    await symlink(join(directory, 'victim'), join(directory, 'a.json'));
    await writeFileAtomic(join(directory, 'a.json'), 'new');
    expect(await readFile(join(directory, 'victim'), 'utf8')).toBe('untouched');
    expect((await lstat(join(directory, 'a.json'))).isSymbolicLink()).toBe(false);
  });

  it('keeps the old content and cleans up when the write fails', async () => {
    await writeFileAtomic(join(directory, 'a.json'), 'old');
    // A directory cannot be replaced by a file: the rename fails after the temporary file was written.
    await expect(writeFileAtomic(directory, 'new')).rejects.toThrow();
    expect(await readFile(join(directory, 'a.json'), 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['a.json']);
  });

  it('never shows a reader a mix of two contents', async () => {
    const path = join(directory, 'a.json');
    const contents = ['a'.repeat(50_000), 'b'.repeat(50_000)];
    await writeFileAtomic(path, contents[0]!);
    const writes = Promise.all(Array.from({ length: 20 }, (_, index) => writeFileAtomic(path, contents[index % 2]!)));
    for (let read = 0; read < 50; read++) expect(contents).toContain(await readFile(path, 'utf8'));
    await writes;
  });
});
