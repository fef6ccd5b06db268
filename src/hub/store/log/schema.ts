/** The tables of telemetry.db. Append to {@link migrations}; never change one that was released. */
import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '../../../errors/index.ts';

/** Older ones can damage a WAL database when two connections write or checkpoint at once (the WAL-reset bug). */
const oldestSqlite = [3, 51, 3] as const;

const migrations: readonly string[] = [
  `create table partitions (
     partition integer primary key,
     next      integer not null
   ) strict;
   create table batches (
     partition integer not null,
     first     integer not null,
     count     integer not null,
     min_time  real    not null,
     max_time  real    not null,
     codec     integer not null,
     raw_bytes integer not null,
     bytes     integer not null,
     devices   text    not null,
     records   blob    not null,
     primary key (partition, first)
   ) strict;
   create index batches_by_time on batches (partition, max_time, first);
   -- Holds all that retention and statistics add up, so that they never read the pages of the records.
   create index batches_by_age on batches (max_time, partition, first, min_time, count, bytes);`,
  // The partition of events that are not routed: one more than those of telemetry.
  'insert into partitions (partition, next) select count(*), 0 from partitions;',
  // Nothing to change, but records are runs from here on, which an older program could not read.
  '',
];

/** Throws Failure `runtime-too-old` unless the SQLite in this Node is new enough. */
export function checkSqliteVersion(database: DatabaseSync): void {
  const row = database.prepare('select sqlite_version() as version').get();
  const version = String(row?.['version']);
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of oldestSqlite.entries()) {
    const found = parts[index] ?? 0;
    if (found > wanted) return;
    if (found < wanted) {
      throw new Failure(
        'runtime-too-old',
        `SQLite ${version} is too old for the hub: ${oldestSqlite.join('.')} or newer is needed`,
      );
    }
  }
}

/** Brings the tables to the newest version; throws Failure `invalid-config` when they are newer than this program. */
export function migrate(database: DatabaseSync, partitions: number): void {
  const found = Number(database.prepare('pragma user_version').get()?.['user_version']);
  if (found > migrations.length) {
    throw new Failure('invalid-config', 'the telemetry log was written by a newer version of iotctl');
  }
  if (found === migrations.length) return;
  database.exec('begin immediate');
  try {
    const [tables = '', ...later] = migrations;
    if (found === 0) {
      database.exec(tables);
      const insert = database.prepare('insert into partitions (partition, next) values (?, 0)');
      for (let partition = 0; partition < partitions; partition++) insert.run(partition);
    }
    for (const statements of later.slice(Math.max(found - 1, 0))) database.exec(statements);
    database.exec(`pragma user_version = ${migrations.length}`);
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
