import { DatabaseSync } from 'node:sqlite';
import type { AuditNote } from '../../../protocol/audit.ts';
import { AuditTrail } from './thread/audit-trail.ts';

const busyTimeoutMs = 5_000;

/**
 * Appends to the audit in a registry's file, whether a hub has it open or not. Does nothing for a file of a version that had no audit.
 * Throws what SQLite says of a file that cannot be written.
 */
export function appendToAuditIn(file: string, note: AuditNote): void {
  const connection = new DatabaseSync(file);
  try {
    connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = FULL`);
    if (connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'audit_ends'").get() === undefined) return;
    connection.exec('BEGIN IMMEDIATE');
    new AuditTrail(connection).append([note]);
    connection.exec('COMMIT');
  } finally {
    connection.close();
  }
}
