import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * The index of 0004 over desired and reported properties as well. What was indexed is not carried over: an index is made anew by the
 * first query that asks for it.
 */
export const propertyIndexMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const trigger of ['tags_inserted', 'tags_changed'])
      await sql`DROP TRIGGER IF EXISTS ${sql.ref(trigger)}`.execute(database);
    await sql`DROP TABLE tag_values`.execute(database);
    await sql`DROP TABLE tag_paths`.execute(database);
    await sql`CREATE TABLE property_paths (
      id INTEGER PRIMARY KEY,
      section TEXT NOT NULL,
      path TEXT NOT NULL,
      complete INTEGER NOT NULL DEFAULT 0,
      UNIQUE (section, path)
    ) STRICT`.execute(database);
    // In the order pages are given in, so that a page is read from the index without sorting.
    await sql`CREATE TABLE property_values (
      path_id INTEGER NOT NULL REFERENCES property_paths (id) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      value ANY NOT NULL,
      device_id TEXT NOT NULL,
      module_id TEXT NOT NULL,
      id INTEGER NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      PRIMARY KEY (path_id, kind, value, device_id, module_id)
    ) STRICT, WITHOUT ROWID`.execute(database);
    await sql`CREATE INDEX property_values_by_identity ON property_values (id)`.execute(database);
  },
};
