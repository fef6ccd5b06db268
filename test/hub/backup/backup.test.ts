import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupHub } from '../../../src/hub/backup/index.ts';

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
