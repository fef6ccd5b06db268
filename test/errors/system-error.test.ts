import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFailure } from '../../src/errors/index.ts';
import { openAtomicWriter } from '../../src/std/atomic-writer.ts';
import { writeFileAtomic } from '../../src/std/atomic-file.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-errors-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function failureOf(work: Promise<unknown>, path?: string): Promise<{ code: string; message: string }> {
  const { code, message } = toFailure(await work.catch((error: unknown) => error), path);
  return { code, message };
}

describe('an error of the operating system', () => {
  it('says what could not be done and why, without a code', async () => {
    const missing = join(directory, 'missing');
    expect(await failureOf(readFile(missing))).toEqual({
      code: 'file-not-found',
      message: `there is no file ${missing}`,
    });
    expect(await failureOf(stat(missing))).toMatchObject({ message: `there is no file ${missing}` });
    await writeFile(missing, '');
    expect(await failureOf(readFile(join(missing, 'below')))).toEqual({
      code: 'io',
      message: `cannot open ${join(missing, 'below')}: a part of its path is not a directory`,
    });
  });

  it('when the system does not say which file, then the caller does', async () => {
    expect(await failureOf(readFile(directory), directory)).toEqual({
      code: 'io',
      message: `cannot read ${directory}: it is a directory`,
    });
  });

  it('names the file that was asked for, not a temporary one beside it', async () => {
    const expected = { code: 'io', message: `cannot write ${directory}: it is a directory` };
    expect(await failureOf(openAtomicWriter(directory))).toEqual(expected);
    expect(await failureOf(writeFileAtomic(directory, ''))).toEqual(expected);
    const nowhere = join(directory, 'none', 'file');
    expect(await failureOf(writeFileAtomic(nowhere, ''))).toEqual({
      code: 'file-not-found',
      message: `cannot write ${nowhere}: there is no such file or directory`,
    });
  });

  it('without a call keeps what was said', () => {
    const error = Object.assign(new Error('the database is full'), { code: 'ENOSPC' });
    expect(toFailure(error)).toMatchObject({
      code: 'disk-full',
      message: 'no space left on the device: the database is full',
    });
  });
});
