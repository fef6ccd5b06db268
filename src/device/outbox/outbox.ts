import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../errors/index.ts';
import type { FileLock } from '../../std/file-lock.ts';
import { firstOf, loadSegment, readRecords, removeSegment, SegmentWriter, type Segment } from './segment.ts';

export interface OutboxOptions {
  /** Made with mode 0700 when it does not exist. One outbox at a time. */
  readonly directory: string;
  /** At most this much on disk, about; the oldest records give way. */
  readonly maximumBytes: number;
  /** Told how many unsent records gave way. */
  readonly onDropped?: (count: number) => void;
}

export interface OutboxRecord {
  /** Rises by one from record to record, also over restarts. */
  readonly number: number;
  readonly payload: Uint8Array;
}

export interface OutboxStats {
  /** Records not yet acknowledged. */
  readonly waiting: number;
  /** Records that gave way to newer ones since the outbox was opened. */
  readonly dropped: number;
  readonly bytes: number;
}

const segmentShare = 8;
const largestSegment = 1_048_576;
/** A file whose records are all acknowledged is begun anew from this size on. */
const tidyBytes = 65_536;

/**
 * Records that wait for the hub, in files: whatever `append` has resolved for is there again after a crash or power cut, in
 * order, until it is acknowledged. A crash may bring acknowledged records back: at least once.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #segmentBytes: number;
  /** Oldest first; the writer's own is the last. */
  #segments: Segment[] = [];
  #writer: SegmentWriter | undefined;
  /** The oldest record that is not acknowledged, and the number the next record gets. */
  #head = 0;
  #next = 0;
  #dropped = 0;
  #work: Promise<unknown> = Promise.resolve();
  readonly #lock: FileLock;
  #closed = false;
  #arrival = Promise.withResolvers<void>();

  private constructor(options: OutboxOptions, lock: FileLock) {
    this.#options = options;
    this.#lock = lock;
    this.#segmentBytes = Math.min(largestSegment, Math.ceil(options.maximumBytes / segmentShare));
  }

  /** Failure `conflict` when the directory is in use; system errors of the directory. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    // Loaded here because SQLite, whose lock it is, costs a moment that commands without an outbox need not pay.
    const { lockFile } = await import('../../std/file-lock.ts');
    const lock = await lockFile(join(options.directory, 'outbox.lock'));
    if (lock === undefined) {
      throw new Failure('conflict', `another agent uses the outbox ${options.directory}`, {
        hint: 'stop it, or give this one its own with --outbox DIR',
      });
    }
    const outbox = new Outbox(options, lock);
    try {
      await outbox.#load();
      return outbox;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  stats(): OutboxStats {
    return { waiting: this.#next - this.#head, dropped: this.#dropped, bytes: this.#bytes() };
  }

  /** Resolves to the record's number when it is on the disk. Rejects with the system's error, such as ENOSPC. */
  append(payload: Uint8Array): Promise<number> {
    return this.#inTurn(async () => {
      await this.#makeRoom(payload.length);
      const writer = await this.#openWriter();
      try {
        await writer.append(payload);
      } catch (error) {
        // What is half written stays behind as a torn end; the next record begins a new file.
        await this.#closeWriter();
        throw error;
      }
      const number = this.#next++;
      this.#arrival.resolve();
      return number;
    });
  }

  /** The oldest records that wait, at most `limit`; they stay until acknowledged. */
  peek(limit: number): Promise<readonly OutboxRecord[]> {
    return this.#inTurn(async () => {
      const records: OutboxRecord[] = [];
      for (const segment of this.#segments) {
        if (records.length >= limit) break;
        const from = Math.max(this.#head, segment.first);
        if (from < endOf(segment)) records.push(...(await readRecords(segment, from, limit - records.length)));
      }
      return records;
    });
  }

  /** Resolves when a record waits. */
  async arrival(signal: AbortSignal): Promise<void> {
    if (this.#head < this.#next || signal.aborted) return;
    this.#arrival = Promise.withResolvers();
    const { promise, resolve } = this.#arrival;
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal.removeEventListener('abort', onAbort);
  }

  /** The hub has everything up to this record. */
  acknowledge(number: number): Promise<void> {
    return this.#inTurn(async () => {
      if (number < this.#head) return;
      this.#head = Math.min(number + 1, this.#next);
      await (await this.#openWriter()).acknowledge(this.#head - 1);
      await this.#tidy();
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#closed = true;
      await this.#closeWriter();
      this.#lock.release();
    });
  }

  async #load(): Promise<void> {
    const names = (await readdir(this.#options.directory)).toSorted();
    let acknowledged = -1;
    for (const name of names) {
      const first = firstOf(name);
      if (first === undefined) continue;
      const loaded = await loadSegment(join(this.#options.directory, name), first);
      acknowledged = Math.max(acknowledged, loaded.acknowledged);
      this.#segments.push(loaded.segment);
    }
    const last = this.#segments.at(-1);
    this.#next = Math.max(last === undefined ? 0 : endOf(last), acknowledged + 1);
    this.#head = Math.min(this.#next, Math.max(acknowledged + 1, this.#segments[0]?.first ?? 0));
    await this.#tidy();
  }

  async #openWriter(): Promise<SegmentWriter> {
    if (this.#writer !== undefined && this.#writer.segment.bytes >= this.#segmentBytes) await this.#closeWriter();
    if (this.#writer === undefined) {
      // A file of this very number holds no sound record: its only one was torn off, or it was just begun.
      for (const empty of this.#segments.filter((segment) => segment.first === this.#next)) await this.#remove(empty);
      this.#writer = await SegmentWriter.create(this.#options.directory, this.#next);
      this.#segments.push(this.#writer.segment);
      // The file it replaces may have been the only one that told what was acknowledged.
      if (this.#head > (this.#segments[0]?.first ?? 0)) await this.#writer.acknowledge(this.#head - 1);
    }
    return this.#writer;
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  /** Drops the oldest files until the new record fits. */
  async #makeRoom(bytes: number): Promise<void> {
    while (this.#bytes() + bytes > this.#options.maximumBytes) {
      const [oldest] = this.#segments;
      if (oldest === undefined) break;
      if (oldest === this.#writer?.segment) await this.#closeWriter();
      this.#skip(oldest);
      await this.#remove(oldest);
    }
  }

  /** Gives up what is unsent in a segment that must go. */
  #skip(segment: Segment): void {
    const lost = endOf(segment) - Math.max(this.#head, segment.first);
    if (lost <= 0) return;
    this.#head = endOf(segment);
    this.#dropped += lost;
    this.#options.onDropped?.(lost);
  }

  /** Removes files whose records are all acknowledged; the newest one, which remembers the numbers, only when it is large. */
  async #tidy(): Promise<void> {
    const newest = this.#segments.at(-1);
    for (const segment of this.#segments.filter(
      (candidate) => candidate !== newest && endOf(candidate) <= this.#head,
    )) {
      await this.#remove(segment);
    }
    const current = this.#writer;
    if (current === undefined || current.segment.bytes < tidyBytes || this.#head < this.#next) return;
    await this.#closeWriter();
    await this.#openWriter();
    await this.#remove(current.segment);
  }

  async #remove(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((candidate) => candidate !== segment);
    await removeSegment(segment);
  }

  #bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** One operation at a time; a failed one does not stop the next. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new Failure('io', 'the outbox is closed'));
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

function endOf(segment: Segment): number {
  return segment.first + segment.starts.length;
}
