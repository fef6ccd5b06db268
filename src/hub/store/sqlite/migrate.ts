import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { DatabaseError } from './thread/errors.ts';

/**
 * Brings the file to the newest schema. All missing migrations run in one transaction, so an interruption leaves the old schema.
 * Throws DatabaseError `NewerFile` when the file has migrations this program does not know.
 */
export async function migrate(database: Kysely<never>, migrations: Readonly<Record<string, Migration>>): Promise<void> {
  const applied = await appliedMigrations(database);
  const unknown = applied.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new DatabaseError('NewerFile', `it was written by a newer version (schema ${unknown.join(', ')})`);
  }
  if (applied.length === Object.keys(migrations).length) return;
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('a migration failed', { cause: error });
}

async function appliedMigrations(database: Kysely<never>): Promise<string[]> {
  const tables = await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE name = 'kysely_migration'`.execute(
    database,
  );
  if (tables.rows.length === 0) return [];
  const applied = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(database);
  return applied.rows.map((row) => row.name);
}
