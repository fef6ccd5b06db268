/** Merges the small rows that low rates leave behind, so that reading them back costs no more than reading large ones. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeRow, encodeRow, type Leavings } from './codec.ts';
import { BatchWriter, decodeRecords, SenderCache } from './records.ts';
import { prepared } from './prepared.ts';

/** A row with this many bytes of records is left alone. */
const sealedBytes = 64 * 1024;
/** How many small rows at the end of a partition are merged together. */
const rowsToMerge = 128;

export class Compactor {
  readonly #database: DatabaseSync;
  /** Small rows since the last sealed one, by partition. */
  readonly #smallRows: number[];

  readonly #leavings: Leavings;

  constructor(database: DatabaseSync, partitions: number, leavings: Leavings) {
    this.#database = database;
    this.#leavings = leavings;
    this.#smallRows = Array.from({ length: partitions }, (_, partition) => smallRowsAtEnd(database, partition).length);
  }

  /** A row came to a partition. */
  added(partition: number, rawBytes: number): void {
    this.#smallRows[partition] = rawBytes >= sealedBytes ? 0 : (this.#smallRows[partition] ?? 0) + 1;
  }

  /** Merges where enough small rows have gathered. A failure leaves the rows as they are, to be tried again after more came. */
  run(transaction: (work: () => void) => void): void {
    for (const [partition, rows] of this.#smallRows.entries()) {
      if (rows < rowsToMerge) continue;
      try {
        transaction(() => this.#merge(partition));
        this.#smallRows[partition] = smallRowsAtEnd(this.#database, partition).length;
      } catch {
        this.#smallRows[partition] = 0;
      }
    }
  }

  #merge(partition: number): void {
    const rows = smallRowsAtEnd(this.#database, partition).toReversed();
    let group: number[] = [];
    let next = -1;
    let size = 0;
    for (const row of rows) {
      // Retention may have taken a row between two others; sequence numbers inside a row have no holes.
      if (row.first !== next || size >= sealedBytes) {
        this.#mergeRows(partition, group);
        group = [];
        size = 0;
      }
      group.push(row.first);
      size += row.rawBytes;
      next = row.first + row.count;
    }
    this.#mergeRows(partition, group);
  }

  #mergeRows(partition: number, firsts: readonly number[]): void {
    const [first] = firsts;
    if (first === undefined || firsts.length < 2) return;
    const load = prepared(this.#database, 'select * from batches where partition = ? and first = ?');
    const remove = prepared(this.#database, 'delete from batches where partition = ? and first = ?');
    const merged = new BatchWriter(partition);
    const senders = new SenderCache();
    for (const rowFirst of firsts) {
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
