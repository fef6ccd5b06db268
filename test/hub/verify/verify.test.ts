import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createBlobs } from '../../../src/hub/core/blobs/blobs.ts';
import type { BlobContent } from '../../../src/hub/core/blobs/service.ts';
import { createBlobFiles } from '../../../src/hub/store/blobs/index.ts';
import { openTelemetryLog } from '../../../src/hub/store/log/index.ts';
import { openRegistryStore } from '../../../src/hub/store/sqlite/index.ts';
import { loadCertificates } from '../../../src/hub/tls/index.ts';
import { verifyHub } from '../../../src/hub/verify/index.ts';
import { createFindings } from '../../../src/hub/verify/report.ts';
import { checkTelemetry } from '../../../src/hub/verify/telemetry.ts';
import { realClock } from '../../support/real-clock.ts';
import { store } from '../../support/telemetry-log.ts';
import { deviceRecord } from '../store/sqlite/records.ts';

let root: string;
let good: string;
let dataDir: string;
const content = Buffer.from('firmware');
const digest = createHash('sha256').update(content).digest('hex');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'iotctl-verify-'));
  good = join(root, 'good');
  mkdirSync(join(good, 'artifacts'), { recursive: true });
  await loadCertificates(join(good, 'tls'), ['localhost'], Date.now());
  const registry = await openRegistryStore({ file: join(good, 'registry.db') });
  await registry.write([{ kind: 'insert', record: deviceRecord('a') }]);
  await registry.documents.write([{ kind: 'put', collection: 'c', id: 'x', value: { n: 1 } }]);
  await registry.writeSetting('s', 1);
  const files = createBlobFiles(join(good, 'blobs'));
  const blobs = createBlobs({ store: registry, files, clock: realClock, onError: () => undefined });
  const upload = (): BlobContent => ({ bytes: Readable.from([content]) });
  const address = { container: 'uploads', blob: 'a/log.txt' };
  await blobs.put(address, upload(), { description: { metadata: {} }, conditions: {}, mayReplace: true });
  await blobs.putBlock(address, 'MQ==', upload());
  await blobs.close();
  await registry.close();
  const log = await openTelemetryLog({ clock: realClock, file: join(good, 'telemetry.db') });
  for (const body of ['one', 'two', 'x'.repeat(50_000)]) await store(log, 'a', body);
  await log.close();
  writeFileSync(join(good, 'artifacts', digest), content);
});

beforeEach(async () => {
  dataDir = await mkdtemp(join(root, 'data-'));
  await cp(good, dataDir, { recursive: true });
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));
afterAll(() => rm(root, { recursive: true, force: true }));

function change(file: string, ...statements: readonly string[]): void {
  const database = new DatabaseSync(join(dataDir, file));
  for (const statement of statements) database.exec(statement);
  database.close();
}

it('when nothing is damaged, then it says what it looked at and finds nothing, also where a hub runs', async () => {
  const running = await openRegistryStore({ file: join(dataDir, 'registry.db') });
  expect(await verifyHub({ dataDir })).toEqual({
    checked: {
      records: 1,
      documents: 3,
      settings: 1,
      batches: 3,
      messages: 3,
      artifacts: 1,
      blobFiles: 2,
      certificates: 2,
    },
    problems: [],
  });
  await running.close();
});

it('when a hub appends while telemetry is read, then nothing is amiss', () => {
  let appended = 0;
  class Overtaken extends DatabaseSync {
    override prepare(sql: string): StatementSync {
      if (sql.includes('from batches')) {
        appended += 1;
        change(
          'telemetry.db',
          'create temp table more as select * from batches order by first desc limit 1',
          'update more set first = first + 1',
          'insert into batches select * from more',
          'update partitions set next = next + 1 where partition = (select partition from more)',
        );
      }
      return super.prepare(sql);
    }
  }
  const database = new Overtaken(join(dataDir, 'telemetry.db'), { readOnly: true });
  const findings = createFindings();
  expect(checkTelemetry(database, findings).batches).toBeGreaterThanOrEqual(3);
  database.close();
  expect(appended).toBeGreaterThan(1);
  expect(findings.all).toEqual([]);
});

it.each([
  ['registry.db', "update twins set tags = '{}x'", 'the record of "a" is not what was written'],
  ['registry.db', "update documents set value = '2'", 'the document "x" of "c" is not what was written'],
  ['registry.db', "update settings set value = '2'", 'the setting "s" is not what was written'],
  ['telemetry.db', "update batches set records = x'00' where first = 1", 'messages 1 to 1 of partition'],
  ['telemetry.db', 'update batches set count = 2 where first = 2', 'what the row says of their number'],
  ['telemetry.db', 'update batches set count = 2 where first = 1', 'their numbers are taken twice'],
  ['telemetry.db', 'update batches set max_time = 7 where first = 0', 'what the row says of their time'],
  ['telemetry.db', "update batches set devices = 'b' where first = 0", 'what the row says of their devices'],
  ['telemetry.db', 'update partitions set next = 1', 'behind its end'],
])('when %s was changed by %s, then that is found', async (file, statement, problem) => {
  change(file, statement);
  const { problems } = await verifyHub({ dataDir });
  expect(problems).toContainEqual({ file, problem: expect.stringContaining(problem) as string });
});

it('when an uploaded file holds other bytes, or is gone, then that is found', async () => {
  const [first = '', second = ''] = readdirSync(join(dataDir, 'blobs'));
  writeFileSync(join(dataDir, 'blobs', first), 'firmwarf');
  await rm(join(dataDir, 'blobs', second));
  expect((await verifyHub({ dataDir })).problems).toEqual(
    expect.arrayContaining([
      { file: `blobs/${first}`, problem: 'its content is not what was uploaded' },
      { file: `blobs/${second}`, problem: 'it is missing' },
    ]),
  );
});

it('when a hub removes a blob while its files are looked at, then nothing is amiss', async () => {
  const [file = ''] = readdirSync(join(dataDir, 'blobs'));
  const { problems } = await verifyHub({
    dataDir,
    onPart(part) {
      if (part !== 'uploaded files') return;
      change('registry.db', 'delete from documents');
      rmSync(join(dataDir, 'blobs', file));
    },
  });
  expect(problems).toEqual([]);
});

it.each([
  ['artifacts', digest, 'its content is not what its name says'],
  ['tls', 'server.pem', 'cannot be read as what it is'],
  ['tls', 'ca.key', 'cannot be read as what it is'],
  ['.', 'telemetry.db', 'cannot be read'],
])('when %s/%s holds other bytes, then that is found', async (directory, name, problem) => {
  writeFileSync(join(dataDir, directory, name), 'other bytes');
  const { problems } = await verifyHub({ dataDir });
  expect(problems.map((found) => found.problem).join()).toContain(problem);
});

it('when a database is missing, then that is found; a directory without a registry is none of a hub', async () => {
  await rm(join(dataDir, 'telemetry.db'));
  expect((await verifyHub({ dataDir })).problems).toEqual([{ file: 'telemetry.db', problem: 'it is missing' }]);
  await rm(join(dataDir, 'registry.db'));
  await expect(verifyHub({ dataDir })).rejects.toMatchObject({ code: 'not-found' });
});
