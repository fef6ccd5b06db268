import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { messageOf } from '../../std/message-of.ts';
import { journalOf, readJournalFile } from '../store/journal-file.ts';
import type { Findings } from './report.ts';

const busyTimeoutMs = 5_000;
const mostAnswers = 20;

/**
 * Opens a database for reading, whether a hub has it open or not, and has SQLite check its structure; then `check` looks at the content.
 * What goes wrong is a finding.
 */
export async function checkDatabase(
  dataDir: string,
  file: string,
  findings: Findings,
  check: (database: DatabaseSync) => void,
): Promise<void> {
  const path = join(dataDir, file);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    findings.add(file, 'it is missing');
    return;
  }
  await checkJournal(path, file, findings);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    checkStructure(database, file, findings);
    check(database);
  } catch (error) {
    findings.add(file, `it cannot be read: ${messageOf(error)}`);
  } finally {
    database?.close();
  }
}

async function checkJournal(path: string, file: string, findings: Findings): Promise<void> {
  const journal = await readJournalFile(journalOf(path));
  if (journal?.damagedAt !== undefined)
    findings.add(
      journalOf(file),
      `it is damaged at byte ${journal.damagedAt}, and there are commits behind that: what they hold would be lost`,
    );
}

function checkStructure(database: DatabaseSync, file: string, findings: Findings): void {
  for (const pragma of [`integrity_check(${mostAnswers})`, 'foreign_key_check'])
    for (const row of database.prepare(`pragma ${pragma}`).all()) {
      const answer = String(row['integrity_check'] ?? `a row of ${String(row['table'])} without its owner`);
      if (answer !== 'ok') findings.add(file, answer.replaceAll('\n', '; '));
    }
}

/** One row that cannot be read must not hide the others. */
export function tryRow(findings: Findings, file: string, what: () => string, work: () => void): void {
  try {
    work();
  } catch (error) {
    findings.add(file, `${what()}: ${messageOf(error)}`);
  }
}
