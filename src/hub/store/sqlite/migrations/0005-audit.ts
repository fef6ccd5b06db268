import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { auditChainName } from '../../../../protocol/audit.ts';
import { emptyChain } from '../../../../std/hash-chain.ts';

/** The audit: entries in a chain of hashes, and where the chain begins and ends. */
export const auditMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await sql`CREATE TABLE audit (
      seq INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      entry TEXT NOT NULL,
      hash TEXT NOT NULL
    ) STRICT`.execute(database);
    // `bytes` are those of the entries that are kept, so that nobody has to add them up.
    await sql`CREATE TABLE audit_ends (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      head_seq INTEGER NOT NULL,
      head_hash TEXT NOT NULL,
      anchor_seq INTEGER NOT NULL,
      anchor_hash TEXT NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT`.execute(database);
    const { seq, hash } = emptyChain(auditChainName);
    await sql`INSERT INTO audit_ends VALUES (1, ${seq}, ${hash}, ${seq}, ${hash}, 0)`.execute(database);
  },
};
