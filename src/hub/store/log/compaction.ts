/** Merges the small rows that low rates leave behind, so that reading them back costs no more than reading large ones. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeRow, encodeRow, type Leavings } from './codec.ts';
import { BatchWriter, decodeRecords, SenderCache } from './records.ts';
import { prepared } from './prepared.ts';

/** A row with this many bytes of records is left alone: under load, when commits are large, nothing is written twice. */
const sealedBytes = 4_096;
/**
 * Rows are merged in two steps, each of which takes about a millisecond: a commit that comes meanwhile waits for it, and so does whoever sent
 * its messages. So many rows below a size, or so many bytes of them, become one.
 */
const steps = [
  { below: 256, rows: 16, bytes: Number.POSITIVE_INFINITY },
  { below: sealedBytes, rows: 64, bytes: 32 * 1024 },
] as const;
/** Rows looked at when the log is opened. */
const mostRowsAtOpen = 256;

/** A row that is not sealed. */
interface SmallRow {
  readonly first: number;
  readonly count: number;
  readonly rawBytes: number;
}

export class Compactor {
  readonly #database: DatabaseSync;
  /** The rows after the last sealed one, oldest first, without a hole between them, by partition. */
  readonly #tails: SmallRow[][];
  readonly #leavings: Leavings;

  constructor(database: DatabaseSync, partitions: number, leavings: Leavings) {
    this.#database = database;
    this.#leavings = leavings;
    this.#tails = Array.from({ length: partitions }, (_, partition) => smallRowsAtEnd(database, partition));
  }

  /** A row came to a partition. */
  added(partition: number, row: SmallRow): void {
    const tail = this.#tails[partition];
    if (tail === undefined) return;
    const last = tail.at(-1);
    // Sequence numbers inside a row have no holes.
    if (row.rawBytes >= sealedBytes || (last !== undefined && last.first + last.count !== row.first)) tail.length = 0;
    if (row.rawBytes < sealedBytes) tail.push(row);
  }

  /** Merges where enough small rows have gathered. A failure leaves the rows as they are for good: they are a matter of speed only. */
  run(transaction: (work: () => void) => void): void {
    for (const [partition, tail] of this.#tails.entries()) {
      for (let count = rowsToMerge(tail); count > 0; count = rowsToMerge(tail)) {
        const rows = tail.slice(-count);
        tail.length -= count;
        try {
          transaction(() => this.#mergeRows(partition, rows));
        } catch {
          // Retention may have taken one of them.
          tail.length = 0;
          break;
        }
        this.added(partition, joined(rows));
      }
    }
  }

  #mergeRows(partition: number, rows: readonly SmallRow[]): void {
    const load = prepared(this.#database, 'select * from batches where partition = ? and first = ?');
    const remove = prepared(this.#database, 'delete from batches where partition = ? and first = ?');
    const merged = new BatchWriter(partition);
    const senders = new SenderCache();
    for (const { first: rowFirst } of rows) {
      const row = load.get(partition, rowFirst);
      if (row === undefined) throw new RangeError('a stored batch is missing');
      const raw = decodeRow(
        Number(row['codec']),
        row['records'] as Uint8Array,
        Number(row['raw_bytes']),
        this.#leavings,
      );
      const records = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
      // Written anew rather than put end to end: a sender and a bag are named once in all of them then.
      for (const message of decodeRecords(records, { partition, first: rowFirst, from: rowFirst, senders }))
        merged.add(message.sender, message.enqueuedTime, message.bag, message.body);
      remove.run(partition, rowFirst);
    }
    const batch = merged.seal();
    const raw = new Uint8Array(batch.buffer, 0, batch.length);
    const { codec, bytes } = encodeRow(raw, this.#leavings);
    const { count, minTime, maxTime, devices } = batch;
    prepared(this.#database, 'insert into batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      partition,
      rows[0]?.first ?? 0,
      count,
      minTime,
      maxTime,
      codec,
      raw.length,
      bytes.length,
      devices,
      bytes,
    );
  }
}

/** How many rows at the end are to become one; 0 while it is too early. */
function rowsToMerge(tail: readonly SmallRow[]): number {
  for (const { below, rows, bytes } of steps) {
    const found = tail.slice(1 + tail.findLastIndex(({ rawBytes }) => rawBytes >= below));
    if (found.length >= rows || (found.length > 1 && joined(found).rawBytes >= bytes)) return found.length;
  }
  return 0;
}

/** What the rows are taken for once they are one, which is not larger than they were. */
function joined(rows: readonly SmallRow[]): SmallRow {
  const sum = (of: (row: SmallRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return { first: rows[0]?.first ?? 0, count: sum(({ count }) => count), rawBytes: sum(({ rawBytes }) => rawBytes) };
}

/** The rows after the last sealed one, oldest first, as far back as numbers go on without a hole. */
function smallRowsAtEnd(database: DatabaseSync, partition: number): SmallRow[] {
  const rows: SmallRow[] = [];
  const newest = prepared(
    database,
    `select first, count, raw_bytes from batches where partition = ? order by first desc limit ${mostRowsAtOpen}`,
  );
  for (const row of newest.iterate(partition)) {
    const small = { first: Number(row['first']), count: Number(row['count']), rawBytes: Number(row['raw_bytes']) };
    const [next] = rows;
    if (small.rawBytes >= sealedBytes || (next !== undefined && small.first + small.count !== next.first)) break;
    rows.unshift(small);
  }
  return rows;
}
