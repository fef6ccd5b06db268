import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupHub, restoreHub } from '../../../src/hub/backup/index.ts';

let directory: string;
let dataDir: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-backup-'));
  dataDir = join(directory, 'hub');
  file = join(directory, 'hub.tar.zst');
  mkdirSync(dataDir);
  for (const name of ['registry.db', 'telemetry.db']) leaveDatabase(name);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Ten commits in the log, as a killed process leaves them. */
function leaveDatabase(name: string): void {
  const path = join(directory, name);
  const database = new DatabaseSync(path);
  database.exec(
    'pragma journal_mode = wal; create table documents (collection, value); pragma wal_checkpoint(truncate)',
  );
  for (let n = 0; n < 10; n++) database.exec(`insert into documents values ('numbers', '${n}')`);
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, join(dataDir, `${name}${end}`));
  database.close();
}

function save(): ReturnType<typeof backupHub> {
  return backupHub({ dataDir, file, version: '1.2.3', now: Date.now() });
}

describe('of a hub that was killed', () => {
  test('when its journals are whole, then it is saved', async () => {
    await expect(save()).resolves.toMatchObject({ files: 2 });
  });

  test.each(['registry.db', 'telemetry.db'])(
    'when the journal of %s is damaged, then it is left as it is',
    async (name) => {
      const journal = join(dataDir, `${name}-wal`);
      const damaged = readFileSync(journal);
      const at = 32 + 3 * (4_096 + 24) + 100;
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      writeFileSync(journal, damaged);
      await expect(save()).rejects.toMatchObject({ code: 'data-unusable' });
      expect(readFileSync(journal).equals(damaged)).toBe(true);
      expect(readdirSync(directory)).not.toContain('hub.tar.zst');
    },
  );
});

describe('of a directory with files that no hub makes', () => {
  const own = [
    `artifacts/${'a'.repeat(64)}`,
    `blobs/${'b'.repeat(16)}-12`,
    'tls/ca.key',
    'tls/ca.pem',
    'tls/server.key',
    'tls/server.pem',
  ];
  const foreign = [
    '.DS_Store',
    '.nfs0001',
    'a/b/c',
    'lost+found/inode',
    'manifest.json',
    'my notes',
    'tls/ca.pem~',
    `tls/${'x'.repeat(80)}/y`,
    `${'x'.repeat(60)}/${'y'.repeat(60)}`,
    'z'.repeat(120),
    '\u00e4',
  ];

  beforeEach(() => {
    for (const name of [...own, ...foreign, 'blobs/lost+found/inode']) {
      mkdirSync(dirname(join(dataDir, name)), { recursive: true });
      writeFileSync(join(dataDir, name), name);
    }
    const registry = new DatabaseSync(join(dataDir, 'registry.db'));
    registry
      .prepare("insert into documents values ('blob-blocks', ?)")
      .run(JSON.stringify({ file: own[1]?.slice('blobs/'.length) }));
    registry.close();
  });

  test('then they are left out and told, and what a hub makes is restored', async () => {
    const { leftOut } = await save();
    expect(leftOut).toEqual([
      '.DS_Store',
      '.nfs0001',
      'a/b/',
      'lost+found/',
      'manifest.json',
      'my notes',
      'tls/ca.pem~',
      `tls/${'x'.repeat(80)}/`,
      `${'x'.repeat(60)}/${'y'.repeat(60)}`,
      'z'.repeat(120),
      '\u00e4',
    ]);
    const elsewhere = join(directory, 'elsewhere');
    const { files } = (await restoreHub({ file, dataDir: elsewhere, force: false, now: Date.now() })) ?? {};
    expect(files?.map(({ name }) => name)).toEqual([...own, 'registry.db', 'telemetry.db'].toSorted());
  });

  test('then a restore leaves them where they are', async () => {
    await save();
    await restoreHub({ file, dataDir, force: true, now: Date.now() });
    expect(readFileSync(join(dataDir, 'my notes'), 'utf8')).toBe('my notes');
    expect(readdirSync(join(dataDir, 'lost+found'))).toEqual(['inode']);
  });
});
