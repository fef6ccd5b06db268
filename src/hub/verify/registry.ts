import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../std/json.ts';
import { filesOf, holdsFiles } from '../core/blobs/records.ts';
import { isIntact } from '../store/sqlite/checksums.ts';
import { migrations } from '../store/sqlite/migrations/index.ts';
import { isRecordIntact, recordColumns } from '../store/sqlite/rows.ts';
import type { SqlValue } from '../store/sqlite/thread/messages.ts';
import type { Findings } from './report.ts';

const file = 'registry.db';

/** A file beside the databases, as its document describes it. */
export type DescribedFile = ReturnType<typeof filesOf>[number];

export interface RegistryCounts {
  readonly records: number;
  readonly documents: number;
  readonly settings: number;
}

/**
 * Compares every row with its checksum. A file of an older version has none; it gets them when a hub writes to it. `onFile` is told of the
 * files that blobs are kept in.
 */
export function checkRegistry(
  database: DatabaseSync,
  findings: Findings,
  onFile: (file: DescribedFile) => void,
): RegistryCounts {
  const counts = { records: 0, documents: 0, settings: 0 };
  const applied = database.prepare('select count(*) as count from kysely_migration').get()?.['count'];
  if (applied !== Object.keys(migrations).length) {
    const newer = Number(applied) > Object.keys(migrations).length;
    if (newer) findings.add(file, 'it was written by a newer version of iotctl, which is needed to check it');
    return counts;
  }
  const rows = (sql: string): Iterable<readonly SqlValue[]> => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.iterate() as unknown as Iterable<readonly SqlValue[]>;
  };
  const columns = recordColumns.join(', ');
  for (const row of rows(`select ${columns} from identities join twins on twins.id = identities.id`)) {
    counts.records += 1;
    if (!isRecordIntact(row)) findings.add(file, `the record of ${nameOf(row[0])} is not what was written`);
  }
  for (const [collection = null, id = null, value = null, checksum] of rows(
    'select collection, id, value, checksum from documents',
  )) {
    counts.documents += 1;
    if (!isIntact(checksum, [collection, id, value]))
      findings.add(file, `the document ${nameOf(id)} of ${nameOf(collection)} is not what was written`);
    else if (holdsFiles(String(collection)))
      for (const described of filesOf(String(collection), JSON.parse(String(value)) as JsonObject)) onFile(described);
  }
  for (const [name = null, value = null, checksum] of rows('select name, value, checksum from settings')) {
    counts.settings += 1;
    if (!isIntact(checksum, [name, value])) findings.add(file, `the setting ${nameOf(name)} is not what was written`);
  }
  const orphans = database
    .prepare('select count(*) as count from identities where id not in (select id from twins)')
    .get()?.['count'];
  if (orphans !== 0) findings.add(file, `${String(orphans)} devices or modules have no twin`);
  return counts;
}

/** Damaged text may be anything. */
function nameOf(value: SqlValue | undefined): string {
  return JSON.stringify(String(value)).slice(0, 200);
}
