/** A hub's data directory as the first versions left it, made by the migrations those versions had. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadCertificates } from '../../../../src/hub/tls/index.ts';
import { LogDatabase } from '../../../../src/hub/store/log/log-database.ts';
import { partitionOf } from '../../../../src/hub/store/log/partition.ts';
import { BatchWriter } from '../../../../src/hub/store/log/records.ts';
import { migrate } from '../../../../src/hub/store/sqlite/migrate.ts';
import { migrations } from '../../../../src/hub/store/sqlite/migrations/index.ts';
import { DatabaseClient } from '../../../../src/hub/store/sqlite/thread/client.ts';
import { deviceKey } from '../../support/hub-process.ts';

export interface OlderData {
  readonly devices: readonly string[];
  /** Messages of each device that retention takes, and that it leaves. */
  readonly old: number;
  readonly recent: number;
}

export const olderData: OlderData = { devices: ['a', 'b', 'c'], old: 40, recent: 60 };
const day = 86_400_000;
const partitions = 2;

/** Fills the directory; its certificates are there too, so that a start need not make them. */
export async function makeOlderData(directory: string, secret: string, now: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await loadCertificates(join(directory, 'tls'), ['localhost', '127.0.0.1', '::1'], now);
  await makeRegistry(join(directory, 'registry.db'), secret, now);
  makeLog(join(directory, 'telemetry.db'), now);
}

/** The names of the migrations that the older version had. */
export const olderMigrations = Object.keys(migrations).slice(0, 2);

async function makeRegistry(file: string, secret: string, now: number): Promise<void> {
  const client = new DatabaseClient();
  await client.open({ file, busyTimeout: 1_000, maxBytes: undefined });
  const older = Object.entries(migrations).filter(([name]) => olderMigrations.includes(name));
  await migrate(client, Object.fromEntries(older));
  await client.close();
  const database = new DatabaseSync(file);
  const insert = database.prepare(
    `insert into identities (device_id, module_id, generation_id, revision, identity_counter, twin_counter, twin_version, status,
       status_updated_time, auth_type, primary_key, secondary_key, iot_edge, model_id, connection_state,
       connection_state_updated_time, last_activity_time)
     values (?, '', '637000000000000000', 1, 1, 1, 2, 'enabled', 0, 'sas', ?, ?, 0, '', 'Disconnected', 0, 0)`,
  );
  const stamp = JSON.stringify({ $lastUpdated: new Date(now).toISOString() });
  const insertTwin = database.prepare(
    `insert into twins (id, tags, desired, desired_version, desired_metadata, reported, reported_version, reported_metadata)
     values (last_insert_rowid(), '{"site":"oslo"}', '{}', 1, ?, '{}', 1, ?)`,
  );
  for (const device of olderData.devices) {
    const key = deviceKey(secret, device);
    insert.run(device, key, key);
    insertTwin.run(stamp, stamp);
  }
  database.close();
}

function makeLog(file: string, now: number): void {
  const log = new LogDatabase({ file, partitions, readOnly: false });
  const { old, recent } = olderData;
  const append = (device: string, time: number, body: string): void => {
    const sender = {
      deviceId: device,
      moduleId: '',
      generationId: '637000000000000000',
      auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
      modelId: '',
      source: 'Telemetry',
    } as const;
    const batch = new BatchWriter(partitionOf(device, partitions));
    batch.add(sender, time, '', Buffer.from(body));
    log.commit({ batches: [batch.seal()] });
  };
  for (const [count, age, word] of [
    [old, 10 * day, 'old'],
    [recent, 1_000, 'recent'],
  ] as const)
    for (let index = 0; index < count; index++)
      for (const device of olderData.devices) append(device, now - age, `${word}-${device}-${index}`);
  log.close();
  takeBack(file);
}

/** To the first version of the schema: without what its later migrations add. */
function takeBack(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('delete from partitions where partition = 2; pragma user_version = 1');
  database.close();
}
