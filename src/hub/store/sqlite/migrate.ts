import type { Migrations } from './migrations/index.ts';
import type { DatabaseClient } from './thread/client.ts';
import { DatabaseError } from './thread/errors.ts';

/**
 * Brings the file to the newest schema. All missing migrations run in one transaction, so an interruption leaves the old schema.
 * Throws DatabaseError `NewerFile` when the file has migrations this program does not know.
 */
export async function migrate(client: DatabaseClient, migrations: Migrations): Promise<void> {
  const applied = await appliedMigrations(client);
  const unknown = applied.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new DatabaseError('NewerFile', `it was written by a newer version (schema ${unknown.join(', ')})`);
  }
  if (applied.length === Object.keys(migrations).length) return;
  const { runMigrations } = await import('./run-migrations.ts');
  await runMigrations(client, migrations);
}

async function appliedMigrations(client: DatabaseClient): Promise<string[]> {
  const tables = await client.query("SELECT name FROM sqlite_schema WHERE name = 'kysely_migration'", []);
  if (tables.rows.length === 0) return [];
  const applied = await client.query('SELECT name FROM kysely_migration ORDER BY name', []);
  return applied.rows.map(([name]) => String(name));
}
