import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { swap } from '../../../src/hub/backup/swap.ts';
import { openDataDirectory } from '../../../src/hub/data-directory.ts';
import { isLocked } from '../../../src/hub/lock.ts';

let directory: string;
let work: string;
const names = ['blobs/a', 'registry.db', 'telemetry.db', 'tls/ca.pem'];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-swap-'));
  work = join(directory, '.restore-1');
  mkdirSync(work);
  for (const [where, what] of [
    [directory, 'old'],
    [work, 'new'],
  ] as const) {
    for (const name of ['blobs', 'tls']) mkdirSync(join(where, name));
    for (const name of names) writeFileSync(join(where, name), what);
  }
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function expectData(what: string): void {
  expect(names.map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual(names.map(() => what));
}

const replacedHere = (): string[] => readdirSync(directory).filter((name) => name.startsWith('.replaced-'));

const oldRegistry = (): string => readFileSync(join(directory, replacedHere()[0] ?? '', 'registry.db'), 'utf8');

/** Renames, but for what stands at these places, which stays as a mount point does; `moved` are the names of what went. */
function renameBut(...busy: readonly RegExp[]): { rename: (from: string, to: string) => void; moved: string[] } {
  const moved: string[] = [];
  return {
    moved,
    rename(from, to) {
      if (busy.some((place) => place.test(from.slice(directory.length + 1))))
        throw Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });
      renameSync(from, to);
      moved.push(basename(from));
    },
  };
}

test('when nothing fails, then the new data stands alone, and the registry went first and came last', async () => {
  const { rename, moved } = renameBut();
  await swap(directory, work, rename);
  expectData('new');
  expect(replacedHere()).toEqual([]);
  expect(moved).toHaveLength(8);
  expect([moved.at(0), moved.at(-1)]).toEqual(['registry.db', 'registry.db']);
});

test.each([
  ['the old tls', /^tls$/],
  ['the old registry', /^registry\.db$/],
  ['the new telemetry', /^\.restore-1\/telemetry\.db$/],
  ['the new registry', /^\.restore-1\/registry\.db$/],
])('when %s cannot be moved, then the old data is back in its place', async (_what, place) => {
  await expect(swap(directory, work, renameBut(place).rename)).rejects.toMatchObject({
    code: 'io',
    message: 'EBUSY: resource busy or locked; nothing was replaced',
  });
  expectData('old');
  expect(replacedHere()).toEqual([]);
});

describe('when what was there cannot be put back', () => {
  beforeEach(async () => {
    const { rename } = renameBut(/^tls$/, /^\.replaced-[^/]+\/registry\.db$/);
    await expect(swap(directory, work, rename)).rejects.toMatchObject({
      message: expect.stringContaining('could not be put back'),
      hint: expect.stringContaining(join(directory, '.replaced-')),
    });
  });

  test('then a hub does not begin anew beside it', async () => {
    await expect(openDataDirectory({ dataDir: directory, ephemeral: false })).rejects.toMatchObject({
      code: 'data-unusable',
      hint: expect.stringContaining(replacedHere()[0] ?? 'nothing'),
    });
    expect(isLocked(directory)).toBe(false);
    renameSync(join(directory, replacedHere()[0] ?? '', 'registry.db'), join(directory, 'registry.db'));
    await (await openDataDirectory({ dataDir: directory, ephemeral: false })).release();
  });

  test('then a restore that is repeated does not remove it', async () => {
    await expect(swap(directory, work, renameBut(/^tls$/).rename)).rejects.toMatchObject({ code: 'io' });
    expect(oldRegistry()).toBe('old');
    await swap(directory, work);
    expectData('new');
    expect(oldRegistry()).toBe('old');
  });
});
