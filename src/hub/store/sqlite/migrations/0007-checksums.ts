import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** A checksum beside each row, so that a change which nobody made is noticed; null for rows from before. */
export const checksumsMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const table of ['twins', 'documents', 'settings'])
      await sql`ALTER TABLE ${sql.ref(table)} ADD COLUMN checksum INTEGER`.execute(database);
  },
};
