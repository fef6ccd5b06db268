/** What is removed from the log, oldest first, in steps short enough not to hold up ingest. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogCalls } from './requests.ts';
import { prepared } from './prepared.ts';

const rowsPerStep = 200;

/** Removes rows wholly older than a time, then the oldest rows beyond the size. `more` is true when the step's bound cut it short. */
export function pruneStep(
  database: DatabaseSync,
  { olderThan, maxBytes }: LogCalls['prune']['request'],
): LogCalls['prune']['reply'] {
  const remove = prepared(database, 'delete from batches where partition = ? and first = ?');
  const total = prepared(database, 'select sum(bytes) as bytes from batches').get();
  let excess = Number(total?.['bytes'] ?? 0) - maxBytes;
  let removed = 0;
  let rows = 0;
  const oldest = prepared(
    database,
    `select partition, first, count, max_time, bytes from batches order by max_time, partition, first limit ${rowsPerStep}`,
  ).all();
  for (const row of oldest) {
    if (Number(row['max_time']) >= olderThan && excess <= 0) break;
    remove.run(Number(row['partition']), Number(row['first']));
    excess -= Number(row['bytes']);
    removed += Number(row['count']);
    rows++;
  }
  return { removed, more: rows === rowsPerStep };
}
