import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * An index over tags that queries compare with values. Only the paths in `tag_paths` are indexed, so tags that nobody asks for cost
 * nothing; triggers keep the index in the same transaction as the twins, whoever writes them.
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
    await sql`CREATE TRIGGER tags_inserted AFTER INSERT ON twins
      WHEN new.tags <> '{}' AND EXISTS (SELECT 1 FROM tag_paths)
      BEGIN ${insertValues} END`.execute(database);
    await sql`CREATE TRIGGER tags_changed AFTER UPDATE OF tags ON twins
      WHEN new.tags IS NOT old.tags AND EXISTS (SELECT 1 FROM tag_paths)
      BEGIN DELETE FROM tag_values WHERE id = old.id; ${insertValues} END`.execute(database);
  },
};

/** The values of one twin at all paths. Numbers are REAL, because that is what they are in the query language. */
const insertValues = sql`
  INSERT INTO tag_values (path_id, kind, value, device_id, module_id, id)
    SELECT tag_paths.id, json_type(new.tags, tag_paths.path),
      json_extract(new.tags, tag_paths.path), identities.device_id, identities.module_id, identities.id
    FROM tag_paths, identities
    WHERE identities.id = new.id AND json_type(new.tags, tag_paths.path) = 'text'
  UNION ALL
    SELECT tag_paths.id, 'number',
      CAST(json_extract(new.tags, tag_paths.path) AS REAL), identities.device_id, identities.module_id, identities.id
    FROM tag_paths, identities
    WHERE identities.id = new.id AND json_type(new.tags, tag_paths.path) IN ('integer', 'real')
  UNION ALL
    SELECT tag_paths.id, 'boolean',
      json_extract(new.tags, tag_paths.path), identities.device_id, identities.module_id, identities.id
    FROM tag_paths, identities
    WHERE identities.id = new.id AND json_type(new.tags, tag_paths.path) IN ('true', 'false');`;
