/**
 * Merges the small rows that low rates leave behind, so that reading them back costs no more than reading large ones. The records of small
 * rows are gathered as they come, so that the merge itself is one row to write: whoever commits next waits for it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { decodeRow, encodeRow, type Leavings } from './codec.ts';
import { prepared } from './prepared.ts';
import { BatchWriter, decodeRecords, SenderCache, type Batch } from './records.ts';

/** A row with this many bytes of records is left alone. */
const sealedBytes = 64 * 1024;
/** So many small rows at the end of a partition are merged, however little is in them. */
const rowsToMerge = 128;
/** When they fill a large row, it depends: so many are badly compressed, each by itself; */
const worthyRows = 8;
/** and fewer are merged when they took so long to come that there is time to write them twice. */
const worthyMs = 100;

/** The records of smaller rows are gathered at once; those of larger ones when it is known that they are merged. */
const lightBytes = 8 * 1024;

/** A row as it was committed. */
interface Row {
  readonly first: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** Its records; nothing when they are so many that the row is left alone. */
  readonly raw: Buffer;
}

/** The small rows at the end of a partition, without a hole between them. */
class Gathered {
  readonly partition: number;
  readonly first: number;
  next: number;
  /** How many rows of the table they are. */
  rows = 0;
  readonly #writer: BatchWriter;
  #waiting: Row[] = [];
  #waitingBytes = 0;
  #minTime = Number.POSITIVE_INFINITY;
  #maxTime = Number.NEGATIVE_INFINITY;

  constructor(partition: number, first: number) {
    this.partition = partition;
    this.first = first;
    this.next = first;
    this.#writer = new BatchWriter(partition);
  }

  get isFull(): boolean {
    return this.#writer.length + this.#waitingBytes >= sealedBytes;
  }

  get isDue(): boolean {
    if (!this.isFull) return this.rows >= rowsToMerge;
    return this.rows >= worthyRows || (this.rows > 1 && this.#maxTime - this.#minTime >= worthyMs);
  }

  add(row: Row, senders: SenderCache): void {
    this.#waiting.push(row);
    this.#waitingBytes += row.raw.length;
    this.rows++;
    this.next = row.first + row.count;
    this.#minTime = Math.min(this.#minTime, row.minTime);
    this.#maxTime = Math.max(this.#maxTime, row.maxTime);
    if (row.raw.length < lightBytes) this.#settle(senders);
  }

  /** All of it as one row. */
  merged(senders: SenderCache): Batch {
    this.#settle(senders);
    return this.#writer.seal();
  }

  /** Written anew rather than put end to end: a sender and a bag are named once in all of them then. */
  #settle(senders: SenderCache): void {
    const { partition } = this;
    for (const { raw, first } of this.#waiting)
      for (const message of decodeRecords(raw, { partition, first, from: first, senders }))
        this.#writer.add(message.sender, message.enqueuedTime, message.bag, message.body);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

export class Compactor {
  readonly #database: DatabaseSync;
  readonly #leavings: Leavings;
  readonly #senders = new SenderCache(1_000);
  /** By partition; what an earlier process left is read when the first row comes. */
  readonly #gathered = new Map<number, Gathered | undefined>();
  #committed: (Row & { readonly partition: number })[] = [];

  constructor(database: DatabaseSync, leavings: Leavings) {
    this.#database = database;
    this.#leavings = leavings;
  }

  /** A row was committed. Its records are copied: their buffer goes back to whoever sent it. */
  added({ partition, count, minTime, maxTime, buffer, length }: Batch, first: number): void {
    const raw = Buffer.from(new Uint8Array(buffer, 0, length < sealedBytes ? length : 0));
    this.#committed.push({ partition, first, count, minTime, maxTime, raw });
  }

  /** Merges where enough has gathered. Never throws: what cannot be merged stays as it is. */
  run(transaction: (work: () => void) => void): void {
    const committed = this.#committed;
    this.#committed = [];
    for (const row of committed) {
      let gathered: Gathered | undefined;
      try {
        gathered = this.#gather(row.partition, row);
        if (gathered?.isDue === true) this.#merge(gathered, transaction);
      } catch {
        gathered = undefined;
      }
      this.#gathered.set(row.partition, gathered?.isFull === true ? undefined : gathered);
    }
  }

  /** What there is with the row that came; undefined when that is large enough by itself. */
  #gather(partition: number, row: Row): Gathered | undefined {
    if (row.raw.length === 0) return undefined;
    if (!this.#gathered.has(partition)) return this.#read(partition);
    const known = this.#gathered.get(partition);
    const gathered = known?.next === row.first ? known : new Gathered(partition, row.first);
    gathered.add(row, this.#senders);
    return gathered;
  }

  /** The small rows at the end, from the table. */
  #read(partition: number): Gathered | undefined {
    let gathered: Gathered | undefined;
    const load = prepared(this.#database, 'select * from batches where partition = ? and first = ?');
    for (const first of smallRowsAtEnd(this.#database, partition).toReversed()) {
      const row = load.get(partition, first);
      if (row === undefined) return undefined;
      const [count, minTime, maxTime] = [Number(row['count']), Number(row['min_time']), Number(row['max_time'])];
      const records = row['records'] as Uint8Array;
      const { buffer, byteOffset, length } = decodeRow(
        Number(row['codec']),
        records,
        Number(row['raw_bytes']),
        this.#leavings,
      );
      if (gathered?.next !== first || gathered.isFull) gathered = new Gathered(partition, first);
      gathered.add({ first, count, minTime, maxTime, raw: Buffer.from(buffer, byteOffset, length) }, this.#senders);
    }
    return gathered;
  }

  #merge(gathered: Gathered, transaction: (work: () => void) => void): void {
    const { first, next } = gathered;
    const { partition, buffer, length, count, minTime, maxTime, devices } = gathered.merged(this.#senders);
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

/** The first numbers of the rows after the last large one, newest first, at most as many as one merge can take. */
function smallRowsAtEnd(database: DatabaseSync, partition: number): number[] {
  const firsts: number[] = [];
  const newest = prepared(
    database,
    `select first, raw_bytes from batches where partition = ? order by first desc limit ${rowsToMerge * 2}`,
  );
  for (const row of newest.iterate(partition)) {
    if (Number(row['raw_bytes']) >= sealedBytes) break;
    firsts.push(Number(row['first']));
  }
  return firsts;
}
