/**
 * Merges the small rows that low rates leave behind, so that reading them back costs no more than reading large ones. The records of small
 * rows are gathered as they come, so that the merge itself is one row to write: whoever commits next waits for it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { decodeRow, encodeRow, type Leavings } from './codec.ts';
import { prepared } from './prepared.ts';
import { BatchWriter, decodeRecords, SenderCache } from './records.ts';

/** A row with this many bytes of records is left alone. */
const sealedBytes = 64 * 1024;
/** So many small rows at the end of a partition are merged, however little is in them. */
const rowsToMerge = 128;
/** Fewer that fill a large row are compressed well enough each by itself, and come so fast that there is no time to write them twice. */
const worthyRows = 8;

/** A row as it was committed. */
interface Arrival {
  readonly partition: number;
  readonly first: number;
  readonly count: number;
  /** Undefined for a row that is left alone. */
  readonly raw: Buffer | undefined;
}

/** The small rows at the end of a partition, without a hole between them. */
class Gathered {
  readonly writer: BatchWriter;
  readonly first: number;
  next: number;
  /** How many rows of the table they are. */
  rows = 0;

  constructor(partition: number, first: number) {
    this.writer = new BatchWriter(partition);
    this.first = first;
    this.next = first;
  }

  get isFull(): boolean {
    return this.writer.length >= sealedBytes;
  }

  get isDue(): boolean {
    return this.rows >= (this.isFull ? worthyRows : rowsToMerge);
  }
}

export class Compactor {
  readonly #database: DatabaseSync;
  readonly #leavings: Leavings;
  readonly #senders = new SenderCache(1_000);
  /** By partition; those of an earlier process are read when the first row comes to theirs. */
  readonly #gathered = new Map<number, Gathered | undefined>();
  #arrivals: Arrival[] = [];

  constructor(database: DatabaseSync, leavings: Leavings) {
    this.#database = database;
    this.#leavings = leavings;
  }

  /** A row was committed. Its records are copied: their buffer goes back to whoever sent it. */
  added(partition: number, first: number, count: number, raw: Uint8Array): void {
    this.#arrivals.push({ partition, first, count, raw: raw.length >= sealedBytes ? undefined : Buffer.from(raw) });
  }

  /** Merges where enough has gathered. Never throws: what cannot be merged stays as it is. */
  run(transaction: (work: () => void) => void): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const arrival of arrivals) {
      let gathered: Gathered | undefined;
      try {
        gathered = this.#gather(arrival);
        if (gathered?.isDue === true) this.#merge(gathered, transaction);
      } catch {
        gathered = undefined;
      }
      this.#gathered.set(arrival.partition, gathered?.isFull === true ? undefined : gathered);
    }
  }

  /** What there is with the row that came; undefined when that is left alone. */
  #gather(arrival: Arrival): Gathered | undefined {
    const { partition, first, raw } = arrival;
    if (raw === undefined) return undefined;
    if (!this.#gathered.has(partition)) return this.#read(partition);
    const known = this.#gathered.get(partition);
    const gathered = known?.next === first ? known : new Gathered(partition, first);
    this.#add(gathered, arrival, raw);
    return gathered;
  }

  /** Written anew rather than put end to end: a sender and a bag are named once in all of them then. */
  #add(gathered: Gathered, { partition, first, count }: Arrival, raw: Buffer): void {
    const senders = this.#senders;
    for (const message of decodeRecords(raw, { partition, first, from: first, senders }))
      gathered.writer.add(message.sender, message.enqueuedTime, message.bag, message.body);
    gathered.next = first + count;
    gathered.rows++;
  }

  /** The small rows at the end, from the table. */
  #read(partition: number): Gathered | undefined {
    let gathered: Gathered | undefined;
    for (const { first, rawBytes } of smallRowsAtEnd(this.#database, partition).toReversed()) {
      const row = prepared(this.#database, 'select * from batches where partition = ? and first = ?').get(
        partition,
        first,
      );
      if (row === undefined) return undefined;
      const raw = decodeRow(Number(row['codec']), row['records'] as Uint8Array, rawBytes, this.#leavings);
      if (gathered?.next !== first || gathered.isFull) gathered = new Gathered(partition, first);
      const records = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
      this.#add(gathered, { partition, first, count: Number(row['count']), raw: records }, records);
    }
    return gathered;
  }

  #merge(gathered: Gathered, transaction: (work: () => void) => void): void {
    const { first, next, writer } = gathered;
    const { partition, buffer, length, count, minTime, maxTime, devices } = writer.seal();
    const raw = new Uint8Array(buffer, 0, length);
    const { codec, bytes } = encodeRow(raw, this.#leavings);
    transaction(() => {
      const removed = prepared(
        this.#database,
        'delete from batches where partition = ? and first >= ? and first < ?',
      ).run(partition, first, next);
      // Retention may have taken some, which what is gathered would bring back.
      if (Number(removed.changes) !== gathered.rows) throw new RangeError('rows have gone');
      prepared(this.#database, 'insert into batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
        partition,
        first,
        count,
        minTime,
        maxTime,
        codec,
        raw.length,
        bytes.length,
        devices,
        bytes,
      );
    });
    gathered.rows = 1;
  }
}

/** The rows after the last sealed one, newest first, at most as many as one merge can take. */
function smallRowsAtEnd(
  database: DatabaseSync,
  partition: number,
): { first: number; count: number; rawBytes: number }[] {
  const rows: { first: number; count: number; rawBytes: number }[] = [];
  const newest = prepared(
    database,
    `select first, count, raw_bytes from batches where partition = ? order by first desc limit ${rowsToMerge * 2}`,
  );
  for (const row of newest.iterate(partition)) {
    const rawBytes = Number(row['raw_bytes']);
    if (rawBytes >= sealedBytes) break;
    rows.push({ first: Number(row['first']), count: Number(row['count']), rawBytes });
  }
  return rows;
}
