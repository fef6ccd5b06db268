import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, toFailure } from '../../../errors/index.ts';
import type { Clock } from '../../../std/clock.ts';
import type { MessageSource } from '../../../protocol/telemetry/message.ts';
import type { LogStats, MessageRun, PartitionState, RunSettled, Sender, TelemetryLog } from '../../core/ports.ts';
import type { PartHealth } from '../health.ts';
import { requireSoundJournal } from '../journal-file.ts';
import type { StoredCallback } from './appender.ts';
import { Appender } from './appender.ts';
import { Commits } from './commits.ts';
import { LogThread } from './log-thread.ts';
import type { ReaderSource } from './reader.ts';
import type { Batch } from './records.ts';
import { createRetentionClock } from '../../core/retention-clock.ts';
import { readLog } from './reader.ts';
import type { Heads, LogCalls } from './requests.ts';
import { LogTail } from './tail.ts';

interface Retention {
  /** Messages older than this are removed; default 7 days. */
  readonly maxAgeMs?: number | undefined;
  /** The oldest messages beyond this size on disk are removed; default 10 GiB. */
  readonly maxBytes?: number | undefined;
}

export interface TelemetryLogOptions {
  /** Path of telemetry.db, made when missing with mode 0600; `:memory:` keeps it in a temporary directory until the close. */
  readonly file: string;
  /** For a new file, default 4; an old file keeps the number it was made with, so that a device keeps its partition. */
  readonly partitions?: number | undefined;
  readonly retention?: Retention | undefined;
  /** Events that go where telemetry goes, as routes do in the cloud; the others are kept beside it. */
  readonly routed?: readonly MessageSource[] | undefined;
  readonly clock: Clock;
  /** Told after every commit whether it reached the disk. */
  readonly health?: PartHealth | undefined;
  /** Told when a `stored` callback threw, or when retention failed; the log itself goes on. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const defaultPartitions = 4;
const mostPartitions = 32;
const defaultRetention = { maxAgeMs: 7 * 86_400_000, maxBytes: 10 * 1024 ** 3 };
const pruneIntervalMs = 60_000;

/**
 * Opens the append log of telemetry in its own SQLite file. Failures: `io` (cannot be opened, no database), `permission-denied`,
 * `file-not-found` (no such directory), `runtime-too-old` (SQLite), `invalid-config` (written by a newer version).
 */
export async function openTelemetryLog(options: TelemetryLogOptions): Promise<TelemetryLog> {
  const { file, remove } = await prepareFile(options.file);
  const partitions = Math.min(Math.max(options.partitions ?? defaultPartitions, 1), mostPartitions);
  try {
    const writer = await LogThread.start({ file, partitions, readOnly: false });
    return new SqliteTelemetryLog({ ...options, file, remove, partitions, thread: writer.thread, heads: writer.heads });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** SQLite gives its side files the mode of the main file, so that one is made first. */
async function prepareFile(file: string): Promise<{ file: string; remove: () => Promise<void> }> {
  try {
    if (file === ':memory:') {
      const directory = await mkdtemp(join(tmpdir(), 'iotctl-log-'));
      return { file: join(directory, 'telemetry.db'), remove: () => rm(directory, { recursive: true, force: true }) };
    }
    const handle = await open(file, 'a', 0o600);
    await handle.close();
    await requireSoundJournal(file);
    return { file, remove: () => Promise.resolve() };
  } catch (error) {
    throw toFailure(error);
  }
}

interface Parts extends TelemetryLogOptions {
  readonly remove: () => Promise<void>;
  readonly thread: LogThread;
  readonly heads: readonly number[];
}

class SqliteTelemetryLog implements TelemetryLog {
  readonly #parts: Parts;
  readonly #commits: Commits;
  readonly #tail = new LogTail();
  readonly #appender: Appender;
  readonly #retentionNow: () => number;
  #readThread: Promise<LogThread> | undefined;
  #cancelPrune: () => void = () => undefined;
  #pruning: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#commits = new Commits(parts.heads);
    this.#retentionNow = createRetentionClock(parts.clock);
    this.#appender = new Appender({
      partitions: parts.heads.length - 1,
      routed: new Set(parts.routed),
      commit: (batches) => this.#commit(batches),
      onCommitted: (heads, batches) => this.#committed(heads, batches),
      onError: parts.onError ?? (() => undefined),
    });
    parts.health?.tryWith(() => parts.thread.call('probe', {}));
    this.#schedulePrune();
  }

  append(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: StoredCallback): boolean {
    return this.#appender.append(sender, enqueuedTime, bag, body, stored);
  }

  appendRun(sender: Sender, enqueuedTime: number, bag: string, run: MessageRun, settled: RunSettled): boolean {
    return this.#appender.appendRun(sender, enqueuedTime, bag, run, settled);
  }

  note(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: StoredCallback): void {
    this.#appender.note(sender, enqueuedTime, bag, body, stored);
  }

  storeNotes(): void {
    this.#appender.storeNotes();
  }

  drained(): Promise<void> {
    return this.#appender.drained();
  }

  read(options: Parameters<TelemetryLog['read']>[0]): ReturnType<TelemetryLog['read']> {
    const source: ReaderSource = {
      commits: this.#commits,
      tail: this.#tail,
      clock: this.#parts.clock,
      scan: async (request) => (await this.#reading()).call('scan', request),
      seek: async (time) => (await (await this.#reading()).call('seek', { time })).positions,
      settled: () => this.#appender.settled(),
    };
    return readLog(source, options);
  }

  head(): ReturnType<TelemetryLog['head']> {
    return Promise.resolve(new Map(this.#commits.heads.slice(0, -1).entries()));
  }

  async partitions(): Promise<readonly PartitionState[]> {
    const { heads } = this.#commits;
    const { partitions } = await this.#parts.thread.call('partitions', {});
    // Commits that came meanwhile are in the answer; numbers and times must not disagree about an empty partition.
    return heads.slice(0, -1).map((next, partition) => {
      const { first, lastTime } = partitions[partition] ?? { first: undefined, lastTime: undefined };
      return first === undefined || first >= next
        ? { first: next, next, lastTime: undefined }
        : { first, next, lastTime };
    });
  }

  async stats(): Promise<LogStats> {
    const totals = await this.#parts.thread.call('stats', {});
    return { partitions: this.#commits.heads.length - 1, ...totals, followers: this.#tail.followers };
  }

  async prune(now: number): Promise<void> {
    this.#pruning = this.#pruning.catch(() => undefined).then(() => this.#prune(now));
    return this.#pruning;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #commit(batches: readonly Batch[]): Promise<LogCalls['commit']['reply']> {
    const { thread, health } = this.#parts;
    const buffers = batches.map((batch) => batch.buffer);
    const reply = await thread.call('commit', { batches }, buffers).catch((error: unknown) => {
      health?.note(error);
      throw error;
    });
    health?.note();
    return reply;
  }

  #committed(heads: Heads, batches: readonly Batch[]): void {
    for (const { partition, count, buffer, length } of batches)
      this.#tail.add(partition, heads[partition] ?? 0, count, new Uint8Array(buffer, 0, length));
    this.#commits.advance(heads);
  }

  /** A second thread and connection: reading history must not stand in the way of commits. Started when first needed. */
  #reading(): Promise<LogThread> {
    if (this.#closing !== undefined) return Promise.reject(closedFailure());
    this.#readThread ??= this.#startReading();
    return this.#readThread;
  }

  async #startReading(): Promise<LogThread> {
    try {
      const options = { file: this.#parts.file, partitions: this.#commits.heads.length, readOnly: true };
      return (await LogThread.start(options)).thread;
    } catch (error) {
      this.#readThread = undefined;
      throw error;
    }
  }

  async #prune(now: number): Promise<void> {
    const { maxAgeMs = defaultRetention.maxAgeMs, maxBytes = defaultRetention.maxBytes } = this.#parts.retention ?? {};
    let more = true;
    while (more && this.#closing === undefined) {
      ({ more } = await this.#parts.thread.call('prune', { olderThan: now - maxAgeMs, maxBytes }));
    }
  }

  #schedulePrune(): void {
    this.#cancelPrune = this.#parts.clock.after(
      pruneIntervalMs,
      () => {
        void this.#pruneByTimer();
      },
      { unref: true },
    );
  }

  async #pruneByTimer(): Promise<void> {
    try {
      await this.prune(this.#retentionNow());
    } catch (error) {
      // A full disk must not end the timer: the next round may succeed.
      this.#parts.onError?.(error);
    }
    if (this.#closing === undefined) this.#schedulePrune();
  }

  async #close(): Promise<void> {
    this.#cancelPrune();
    await this.#appender.close(closedFailure());
    this.#commits.close();
    await this.#pruning.catch(() => undefined);
    const reading = await this.#readThread?.catch(() => undefined);
    await reading?.close();
    await this.#parts.thread.close();
    await this.#parts.remove();
  }
}

function closedFailure(): Failure {
  return new Failure('io', 'the telemetry log is closed');
}
