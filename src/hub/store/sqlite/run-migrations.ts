import { Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { createThreadDialect } from './dialect.ts';
import type { Migrations } from './migrations/index.ts';
import type { DatabaseClient } from './thread/client.ts';

/** Runs the migrations a file does not have yet, in one transaction. */
export async function runMigrations(client: DatabaseClient, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({
    db: new Kysely<never>({ dialect: createThreadDialect(client) }),
    provider: { getMigrations: () => loadAll(migrations) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('a migration failed', { cause: error });
}

async function loadAll(migrations: Migrations): Promise<Record<string, Migration>> {
  const loaded: Record<string, Migration> = {};
  for (const [name, load] of Object.entries(migrations)) loaded[name] = await load();
  return loaded;
}
