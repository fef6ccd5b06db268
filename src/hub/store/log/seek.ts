import type { DatabaseSync } from 'node:sqlite';
import { decodeRow } from './codec.ts';
import { decodeRecords, SenderCache } from './records.ts';
import { prepared } from './prepared.ts';

/**
 * The first message at or after `time`, or the first stored one when there is no time; undefined when there is none. Clocks may
 * have been set back, so times in a partition need not rise; what counts is the first in order of sequence.
 */
export function seekPartition(database: DatabaseSync, partition: number, time: number | undefined): number | undefined {
  const earliest = time ?? Number.MIN_SAFE_INTEGER;
  const first = prepared(
    database,
    'select min(first) as first from batches indexed by batches_by_time where partition = ? and max_time >= ?',
  ).get(partition, earliest)?.['first'];
  if (typeof first !== 'number' || time === undefined) return typeof first === 'number' ? first : undefined;
  const row = prepared(database, 'select codec, raw_bytes, records from batches where partition = ? and first = ?').get(
    partition,
    first,
  );
  try {
    const records = decodeRow(Number(row?.['codec']), row?.['records'] as Uint8Array, Number(row?.['raw_bytes']));
    const messages = decodeRecords(Buffer.from(records), { partition, first, from: first, senders: new SenderCache() });
    return messages.find((message) => message.enqueuedTime >= time)?.sequenceNumber ?? first;
  } catch {
    // A damaged row: reading begins with it and says what was lost.
    return first;
  }
}
