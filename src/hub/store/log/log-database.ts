/** telemetry.db as the workers see it: one connection, synchronous. The thread's message loop is log-worker.ts. */
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { isDiskFault, settleFile } from '../mend.ts';
import { encodeRow, type Leavings } from './codec.ts';
import { Compactor } from './compaction.ts';
import { deviceFilter } from './device-filter.ts';
import type { Heads, LogCalls, OpenOptions, StoredPartition, StoredTotals } from './requests.ts';
import { pruneStep } from './retention.ts';
import { scanPartition } from './scan.ts';
import { seekPartition } from './seek.ts';
import { checkSqliteVersion, migrate } from './schema.ts';

/** WAL pages before a checkpoint; more than the default so that checkpoints are few under load. */
const checkpointPages = 4_000;
const busyTimeoutMs = 1_000;
/** Pages given back to the file system after each step of retention. */
const vacuumPages = 2_000;

export class LogDatabase {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #advance: StatementSync;
  readonly #readHeads: StatementSync;
  readonly #compactor: Compactor | undefined;
  #heads: number[];
  #doubtful = false;

  constructor(options: OpenOptions) {
    this.#database = new DatabaseSync(options.file, { readOnly: options.readOnly, timeout: busyTimeoutMs });
    try {
      checkSqliteVersion(this.#database);
      if (!options.readOnly) prepareFile(this.#database, options.partitions);
      this.#insert = this.#database.prepare('insert into batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
      this.#advance = this.#database.prepare('update partitions set next = ? where partition = ?');
      this.#readHeads = this.#database.prepare('select next from partitions order by partition');
      this.#heads = this.#storedHeads();
      this.#compactor = options.readOnly ? undefined : new Compactor(this.#database, this.leavings);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  readonly leavings: Leavings = { bytes: 0 };

  /** True after the disk failed under a write: what is on it nobody knows before {@link settle}. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  get heads(): Heads {
    return this.#heads;
  }

  /** All batches or none. After a failure the numbers they would have had are free again. */
  commit({ batches }: LogCalls['commit']['request']): void {
    const heads = [...this.#heads];
    this.#transaction(() => {
      for (const batch of batches) {
        const first = heads[batch.partition] ?? 0;
        const raw = new Uint8Array(batch.buffer, 0, batch.length);
        const { codec, bytes } = encodeRow(raw, this.leavings);
        this.#insert.run(
          batch.partition,
          first,
          batch.count,
          batch.minTime,
          batch.maxTime,
          codec,
          raw.length,
          bytes.length,
          batch.devices,
          bytes,
        );
        heads[batch.partition] = first + batch.count;
        this.#advance.run(first + batch.count, batch.partition);
      }
    });
    for (const batch of batches) this.#compactor?.added(batch, this.#heads[batch.partition] ?? 0);
    this.#heads = heads;
  }

  /** Merges small rows where enough have gathered; never throws. To be called after each commit, when whoever asked for it was answered. */
  compact(): void {
    this.#compactor?.run((work) => this.#transaction(work));
  }

  scan({ cursors, devices, bytes }: LogCalls['scan']['request']): LogCalls['scan']['reply'] {
    const wanted = deviceFilter(devices);
    // One snapshot for all partitions.
    this.#database.exec('begin');
    try {
      const heads = this.#storedHeads();
      const parts = cursors.map((cursor) =>
        scanPartition(this.#database, {
          cursor,
          head: heads[cursor.partition] ?? 0,
          wanted,
          bytes,
          leavings: this.leavings,
        }),
      );
      return { parts };
    } finally {
      this.#database.exec('commit');
    }
  }

  seek({ time }: LogCalls['seek']['request']): LogCalls['seek']['reply'] {
    const positions = this.#storedHeads().map(
      (head, partition) => seekPartition(this.#database, partition, time) ?? head,
    );
    return { positions };
  }

  prune(request: LogCalls['prune']['request']): LogCalls['prune']['reply'] {
    const result = this.#transaction(() => pruneStep(this.#database, request));
    if (result.removed > 0) this.#database.exec(`pragma incremental_vacuum(${vacuumPages})`);
    return result;
  }

  partitions(): StoredPartition[] {
    const first = this.#database.prepare('select min(first) as first from batches where partition = ?');
    // Not the time of the last message: after a clock was set back, a reader that asks for what came later than a time would be told that nothing did.
    const last = this.#database.prepare('select max(max_time) as last from batches where partition = ?');
    return this.#heads.map((_, partition) => ({
      first: optionalNumber(first.get(partition)?.['first']),
      lastTime: optionalNumber(last.get(partition)?.['last']),
    }));
  }

  /** Of the partitions of telemetry; the bytes are of all. */
  stats(): StoredTotals {
    const row = this.#database
      .prepare(
        `select sum(count) filter (where partition < :events) as messages, sum(bytes) as bytes,
           min(min_time) filter (where partition < :events) as oldest,
           max(max_time) filter (where partition < :events) as newest
         from batches`,
      )
      .get({ ':events': this.#heads.length - 1 });
    return {
      messages: Number(row?.['messages'] ?? 0),
      bytes: Number(row?.['bytes'] ?? 0),
      oldestTime: optionalNumber(row?.['oldest']),
      newestTime: optionalNumber(row?.['newest']),
    };
  }

  /** See {@link settleFile}. */
  settle(): void {
    settleFile(this.#database);
  }

  close(): void {
    this.#database.close();
  }

  #storedHeads(): number[] {
    return this.#readHeads.all().map((row) => Number(row['next']));
  }

  #transaction<Result>(work: () => Result): Result {
    this.#database.exec('begin immediate');
    try {
      const result = work();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      this.#doubtful ||= isDiskFault(error);
      // A full disk may have rolled back already.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      // A commit that failed half-way may stand or not; only the file knows.
      this.#heads = this.#storedHeads();
      throw error;
    }
  }
}

function prepareFile(database: DatabaseSync, partitions: number): void {
  // Takes effect on a new file only, before its first table.
  database.exec('pragma auto_vacuum = incremental');
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  database.exec(`pragma wal_autocheckpoint = ${checkpointPages}; pragma journal_size_limit = 67108864`);
  migrate(database, partitions);
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
