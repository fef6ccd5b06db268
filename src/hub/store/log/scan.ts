/** Reading runs of rows for readers. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeRow, type Leavings } from './codec.ts';
import type { ScanCursor, ScanPart } from './requests.ts';
import { prepared } from './prepared.ts';

/** Rows looked at in one scan at most, so that one reader's rare device does not hold up the others. */
const rowsPerScan = 2_000;

export interface ScanOptions {
  readonly cursor: ScanCursor;
  /** The partition's next sequence number in this snapshot. */
  readonly head: number;
  readonly wanted: ((deviceId: string) => boolean) | undefined;
  readonly bytes: number;
  readonly leavings: Leavings;
}

/** The next rows of a partition from the cursor on, up to `bytes` of records; rows without a wanted device are passed unread. */
export function scanPartition(
  database: DatabaseSync,
  { cursor, head, wanted, bytes, leavings }: ScanOptions,
): ScanPart {
  const { partition } = cursor;
  const load = prepared(database, 'select codec, records from batches where partition = ? and first = ?');
  const found = new Runs(partition);
  let { next } = cursor;
  let lost = 0;
  let rows = 0;
  for (const row of rowsFrom(database, cursor)) {
    const first = Number(row['first']);
    const rawBytes = Number(row['raw_bytes']);
    if (found.bytes > 0 && found.bytes + rawBytes > bytes) return found.finish(next, lost);
    rows++;
    if (first > next) lost += first - next;
    next = first + Number(row['count']);
    if (wanted !== undefined && !String(row['devices']).split('\n').some(wanted)) continue;
    const records = readRecords(load.get(partition, first), rawBytes, leavings);
    if (records === undefined) lost += Number(row['count']);
    else found.add(first, next, records);
  }
  if (rows < rowsPerScan && next < head) {
    lost += head - next;
    next = head;
  }
  return found.finish(next, lost);
}

/** Undefined when the row is damaged: one bad block on the disk must not keep readers from all that follows it. */
function readRecords(
  row: Record<string, unknown> | undefined,
  rawBytes: number,
  leavings: Leavings,
): Uint8Array | undefined {
  try {
    return decodeRow(Number(row?.['codec']), row?.['records'] as Uint8Array, rawBytes, leavings);
  } catch {
    return undefined;
  }
}

/** Rows from the one that holds the cursor on. The records are left out: they are read only when wanted. */
function rowsFrom(database: DatabaseSync, { partition, next }: ScanCursor): Iterable<Record<string, unknown>> {
  const holding = prepared(
    database,
    'select first from batches where partition = ? and first <= ? order by first desc limit 1',
  ).get(partition, next)?.['first'];
  return prepared(
    database,
    `select first, count, raw_bytes, devices from batches
       where partition = ? and first >= ? and first + count > ? order by first limit ${rowsPerScan}`,
  ).iterate(partition, typeof holding === 'number' ? holding : next, next);
}

/** Puts rows that follow each other without a gap into one run, all runs into one buffer. */
class Runs {
  readonly #partition: number;
  readonly #pieces: Uint8Array[] = [];
  readonly #runs: { first: number; start: number; end: number }[] = [];
  #continuesAt = -1;
  bytes = 0;

  constructor(partition: number) {
    this.#partition = partition;
  }

  add(first: number, next: number, records: Uint8Array): void {
    const start = this.bytes;
    this.bytes += records.length;
    this.#pieces.push(records);
    const last = this.#runs.at(-1);
    if (last !== undefined && first === this.#continuesAt) last.end = this.bytes;
    else this.#runs.push({ first, start, end: this.bytes });
    this.#continuesAt = next;
  }

  finish(next: number, lost: number): ScanPart {
    const whole = new Uint8Array(this.bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return { partition: this.#partition, runs: this.#runs, buffer: whole.buffer, next, lost };
  }
}
