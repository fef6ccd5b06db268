import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readGivenFile, readGivenText } from '../../src/std/given-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-given-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('when it is a file, then it is read as it is', async () => {
  const path = join(directory, 'file');
  await writeFile(path, 'grün');
  expect(await readGivenText(path)).toBe('grün');
  expect(await readGivenFile(path)).toEqual(Buffer.from('grün'));
});

test('when there is none, or it is a directory, then the system says so', async () => {
  await expect(readGivenFile(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  await expect(readGivenFile(directory)).rejects.toMatchObject({ code: 'EISDIR' });
});

describe.skipIf(process.platform === 'win32')('a pipe', () => {
  let path: string;
  beforeEach(() => {
    path = join(directory, 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
  });

  test('is read to its end once somebody writes to it', async () => {
    const read = readGivenText(path);
    const writer = await open(path, 'w');
    await writer.write('one ');
    // Longer than a pipe without a writer is looked at once.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writer.write('two');
    await writer.close();
    expect(await read).toBe('one two');
  });

  test('that nobody writes to is told, and not waited for without end', async () => {
    await expect(readGivenText(path)).rejects.toMatchObject({ code: 'ENXIO', path });
  });
});
