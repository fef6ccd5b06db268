import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What modules, device scopes and configurations add to identities and twins. */
export const modulesMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema.alterTable('identities').addColumn('managed_by', 'text').execute();
    await database.schema.alterTable('identities').addColumn('device_scope', 'text').execute();
    await addJson(database, 'identities', 'parent_scopes', '[]');
    await addJson(database, 'twins', 'configurations', '{}');
    // Holds modules alone, so that a registry without any pays nothing for it.
    await sql`CREATE INDEX modules_by_name ON identities (device_id, module_id) WHERE module_id > ''`.execute(database);
  },
};

async function addJson(database: Kysely<unknown>, table: string, name: string, empty: string): Promise<void> {
  await database.schema
    .alterTable(table)
    .addColumn(name, 'text', (column) => column.notNull().defaultTo(empty))
    .execute();
}
