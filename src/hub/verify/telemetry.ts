import type { DatabaseSync } from 'node:sqlite';
import { decodeRow } from '../store/log/codec.ts';
import { partitionOf } from '../store/log/partition.ts';
import { decodeRecords, SenderCache } from '../store/log/records.ts';
import type { Findings } from './report.ts';
import { tryRow } from './database.ts';

const file = 'telemetry.db';

export interface TelemetryCounts {
  readonly batches: number;
  readonly messages: number;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads every batch against its checksum, and compares what the row says of it with what is in it: how many messages, of which devices,
 * of which time. Numbers must rise and end where the next message will stand; retention may have left holes.
 */
export function checkTelemetry(database: DatabaseSync, findings: Findings): TelemetryCounts {
  const counts = { batches: 0, messages: 0 };
  const heads = database.prepare('select partition from partitions order by partition').all();
  for (const { partition } of heads) {
    // The end and the rows of one moment: a hub may append meanwhile.
    database.exec('begin');
    const found = checkPartition(database, findings, { partition: Number(partition), last: heads.length - 1 });
    database.exec('commit');
    counts.batches += found.batches;
    counts.messages += found.messages;
  }
  return counts;
}

function checkPartition(
  database: DatabaseSync,
  findings: Findings,
  { partition, last }: { readonly partition: number; readonly last: number },
): TelemetryCounts {
  const counts = { batches: 0, messages: 0 };
  const next = database.prepare('select next from partitions where partition = ?').get(partition)?.['next'];
  let end = 0;
  for (const row of database.prepare('select * from batches where partition = ? order by first').iterate(partition)) {
    const [first, count] = [Number(row['first']), Number(row['count'])];
    const name = (): string => `messages ${first} to ${first + count - 1} of partition ${partition}`;
    counts.batches += 1;
    counts.messages += count;
    if (first < end) findings.add(file, `${name()}: their numbers are taken twice`);
    end = first + count;
    tryRow(findings, file, name, () => checkBatch(row, last));
  }
  if (end > Number(next)) findings.add(file, `partition ${partition} ends at ${end}, behind its end ${String(next)}`);
  return counts;
}

function differs(what: string): never {
  throw new Error(`what the row says of ${what} is not what is in it`);
}

/** Throws with what is wrong. */
function checkBatch(row: Row, telemetryPartitions: number): void {
  const [partition, first] = [Number(row['partition']), Number(row['first'])];
  const stored = row['records'] as Uint8Array;
  const raw = decodeRow(Number(row['codec']), stored, Number(row['raw_bytes']));
  const records = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const messages = decodeRecords(records, { partition, first, from: first, senders: new SenderCache() });
  if (messages.length !== row['count']) differs('their number');
  if (stored.length !== row['bytes']) differs('their size');
  let [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const devices = new Set<string>();
  for (const { enqueuedTime, sender } of messages) {
    earliest = Math.min(earliest, enqueuedTime);
    latest = Math.max(latest, enqueuedTime);
    devices.add(sender.deviceId);
  }
  if (earliest !== row['min_time'] || latest !== row['max_time']) differs('their time');
  const named = new Set(String(row['devices']).split('\n'));
  if (devices.size !== named.size || [...devices].some((device) => !named.has(device))) differs('their devices');
  // The partition behind those of telemetry holds events of all devices.
  const elsewhere = [...devices].some((device) => partitionOf(device, telemetryPartitions) !== partition);
  if (partition < telemetryPartitions && elsewhere) differs('their partition');
}
