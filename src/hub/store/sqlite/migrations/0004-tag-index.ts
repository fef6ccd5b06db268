import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * An index over tags that queries compare with values. Only the paths in `tag_paths` are indexed; triggers keep the index in the same
 * transaction as the twins, whoever writes them. They are made with the first path: until then writes pay nothing for it.
 */
export const tagIndexMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await sql`CREATE TABLE tag_paths (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL UNIQUE,
      complete INTEGER NOT NULL DEFAULT 0
    ) STRICT`.execute(database);
    // In the order pages are given in, so that a page is read from the index without sorting.
    await sql`CREATE TABLE tag_values (
      path_id INTEGER NOT NULL REFERENCES tag_paths (id) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      value ANY NOT NULL,
      device_id TEXT NOT NULL,
      module_id TEXT NOT NULL,
      id INTEGER NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      PRIMARY KEY (path_id, kind, value, device_id, module_id)
    ) STRICT, WITHOUT ROWID`.execute(database);
    await sql`CREATE INDEX tag_values_by_identity ON tag_values (id)`.execute(database);
  },
};
