import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceRecord, RegistryStore, WriteAuditor } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import type { AuditEntry, AuditNote } from '../../../../src/protocol/audit.ts';
import { problemsOfLink, type ChainEnd } from '../../../../src/std/hash-chain.ts';
import { deviceRecord } from './records.ts';

const base: AuditNote = { at: 1_000, event: 'identity.bulk', source: 'policy p', result: 'done', targets: [] };
const auditor: WriteAuditor = {
  registry: (changes) => ({
    note: base,
    changed: changes.map((change) => (change.kind === 'delete' ? change.identity : change.record.deviceId)),
  }),
  documents: () => undefined,
};

/** The bytes of all entries, as they are counted; the count is right. */
function bytesKept(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database
    .prepare('SELECT bytes, (SELECT sum(octet_length(entry)) FROM audit) AS sum FROM audit_ends')
    .get();
  database.close();
  expect(row?.['bytes']).toBe(row?.['sum']);
  return row?.['bytes'];
}

describe('the audit in the registry', () => {
  let directory: string;
  let store: RegistryStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-audit-'));
    store = await openRegistryStore({ file: join(directory, 'registry.db'), auditor });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  async function entries(): Promise<readonly AuditEntry[]> {
    return store.audit.read({ after: 0, limit: 1_000 });
  }
  async function isWhole(): Promise<boolean> {
    const { anchor, head } = await store.audit.ends();
    let before: ChainEnd = anchor;
    for (const entry of await entries()) {
      if (problemsOfLink(entry, before).length > 0) return false;
      before = entry;
    }
    return before.seq === head.seq && before.hash === head.hash;
  }
  function insert(...ids: readonly string[]): ReturnType<RegistryStore['write']> {
    return store.write(
      ids.map((deviceId): { kind: 'insert'; record: DeviceRecord } => ({
        kind: 'insert',
        record: deviceRecord(deviceId),
      })),
    );
  }

  test('notes a bulk as one entry, with those alone that were changed', async () => {
    await insert('a', 'b');
    await insert('b', 'c');
    await insert('a');
    expect((await entries()).map(({ targets }) => targets)).toEqual([['a', 'b'], ['c']]);
    expect((await entries())[0]).toMatchObject({
      seq: 1,
      at: '1970-01-01T00:00:01.000Z',
      category: 'registry',
      type: 'change',
    });
    expect(await isWhole()).toBe(true);
  });

  test('joins what shares a commit, and goes on where another process has appended', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => insert(id)));
    const joined = await entries();
    expect(joined.flatMap(({ targets }) => targets).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(joined.length).toBeLessThan(4);
    const other = await openRegistryStore({ file: join(directory, 'registry.db') });
    await other.audit.append([{ ...base, event: 'hub.backup', targets: ['file'] }]);
    await other.close();
    await insert('e');
    expect((await entries()).map(({ event }) => event).slice(-2)).toEqual(['hub.backup', 'identity.bulk']);
    expect(await isWhole()).toBe(true);
  });

  test('shows what was changed, taken out, put in, exchanged or cut off behind its back', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await insert(id);
    const file = join(directory, 'registry.db');
    const attacks: Readonly<Record<string, string>> = {
      alter: `UPDATE audit SET entry = replace(entry, '"b"', '"x"') WHERE seq = 2`,
      delete: 'DELETE FROM audit WHERE seq = 2',
      'cut off': 'DELETE FROM audit WHERE seq = 4',
      beginning: 'DELETE FROM audit WHERE seq = 1',
      reorder: `UPDATE audit SET (entry, hash) = (SELECT entry, hash FROM audit AS o WHERE o.seq = 5 - audit.seq) WHERE seq IN (2, 3)`,
      insert: `INSERT INTO audit SELECT 5, time, replace(entry, '"seq":4', '"seq":5'), hash FROM audit WHERE seq = 4`,
    };
    for (const [name, sql] of Object.entries(attacks)) {
      const database = new DatabaseSync(file);
      database.exec('CREATE TABLE kept AS SELECT * FROM audit');
      expect(await isWhole(), `before ${name}`).toBe(true);
      database.exec(sql);
      expect(await isWhole(), name).toBe(false);
      database.exec('DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept');
      database.close();
    }
  });

  test('keeps its beginning when retention takes the oldest, by age and by size', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await insert(id);
    const [, second] = await entries();
    await store.audit.append([{ ...base, at: 5_000 }]);
    expect(await store.audit.prune({ before: 2_000, maxBytes: 1e9, now: 6_000 })).toBe(4);
    expect((await store.audit.ends()).anchor.seq).toBe(4);
    expect((await entries()).map(({ event }) => event)).toEqual(['identity.bulk', 'audit.prune']);
    expect((await entries())[1]?.details).toMatchObject({ removed: 4, through: 4 });
    expect(await isWhole()).toBe(true);
    expect(second?.hash).not.toBe((await store.audit.ends()).anchor.hash);
    for (let number = 0; number < 50; number++) await store.audit.append([base]);
    expect(await store.audit.prune({ before: 0, maxBytes: 3_000, now: 7_000 })).toBeGreaterThan(30);
    expect(await isWhole()).toBe(true);
    expect(await store.audit.prune({ before: 0, maxBytes: 1e9, now: 8_000 })).toBe(0);
  });

  test('counts the bytes that it keeps, whatever characters they are of', async () => {
    for (let number = 0; number < 10; number++)
      await store.audit.append([{ ...base, at: number, targets: ['🚰🚰🚰 größer', 'pump'] }]);
    expect(bytesKept(join(directory, 'registry.db'))).toBeGreaterThan(2_000);
    expect(await store.audit.prune({ before: 4, maxBytes: 1e9, now: 20 })).toBe(4);
    bytesKept(join(directory, 'registry.db'));
    expect(await store.audit.prune({ before: 0, maxBytes: 1_500, now: 30 })).toBeGreaterThan(0);
    expect(bytesKept(join(directory, 'registry.db'))).toBeLessThan(2_000);
  });
});

test('a write whose entry cannot be stored is not stored either', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-audit-'));
  const store = await openRegistryStore({ file: join(directory, 'registry.db'), auditor });
  try {
    const database = new DatabaseSync(join(directory, 'registry.db'));
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END`);
    const record = deviceRecord('a');
    await expect(store.write([{ kind: 'insert', record }])).rejects.toThrow('no');
    expect(await store.read('a')).toBeUndefined();
    database.exec('DROP TRIGGER refuse');
    database.close();
    expect(await store.write([{ kind: 'insert', record }])).toEqual(['applied']);
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
});
