import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import { runLine } from '../../support/fake-terminal.ts';

let directory: string;
let dataDir: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-hub-backup-'));
  dataDir = join(directory, 'hub');
  await mkdir(dataDir);
  const registry = new DatabaseSync(join(dataDir, 'registry.db'));
  registry.exec('create table documents (collection, value)');
  registry.close();
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const save = () =>
  runLine(commandTable, {
    argv: ['hub', 'backup', join(directory, 'hub.tar.zst'), '--data', dataDir, '-o', 'json'],
  });

test('when files lie there that no hub makes, then a warning names them', async () => {
  for (const name of ['.DS_Store', 'b c', 'c c', 'd c', 'e c', 'f c', 'g c']) await writeFile(join(dataDir, name), '');
  const { stdout, stderr } = await save();
  expect(stderr).toContain('warning: left out, as no files of a hub: .DS_Store, b c, c c, d c, e c and 2 more\n');
  expect(JSON.parse(stdout)).toMatchObject({
    files: 1,
    leftOut: expect.toSatisfy((names: string[]) => names.length === 7),
  });
});

test('when there are none, then there is no warning', async () => {
  const { stdout, stderr } = await save();
  expect(stderr).not.toContain('left out');
  expect(JSON.parse(stdout)).toMatchObject({ files: 1, leftOut: [] });
});
