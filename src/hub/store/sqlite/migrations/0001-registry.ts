import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Identities, twins, sessions and settings. */
export const registryMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await createIdentities(database);
    await createDependents(database);
    await createIndices(database);
  },
};

async function createIdentities(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('identities')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('device_id', 'text', (column) => column.notNull())
    .addColumn('module_id', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('generation_id', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('identity_counter', 'integer', (column) => column.notNull())
    .addColumn('twin_counter', 'integer', (column) => column.notNull())
    .addColumn('twin_version', 'integer', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('status_reason', 'text')
    .addColumn('status_updated_time', 'integer', (column) => column.notNull())
    .addColumn('auth_type', 'text', (column) => column.notNull())
    .addColumn('primary_key', 'text')
    .addColumn('secondary_key', 'text')
    .addColumn('primary_thumbprint', 'text')
    .addColumn('secondary_thumbprint', 'text')
    .addColumn('iot_edge', 'integer', (column) => column.notNull())
    .addColumn('model_id', 'text', (column) => column.notNull())
    .addColumn('connection_state', 'text', (column) => column.notNull())
    .addColumn('connection_state_updated_time', 'integer', (column) => column.notNull())
    .addColumn('last_activity_time', 'integer', (column) => column.notNull())
    .addUniqueConstraint('identities_by_name', ['device_id', 'module_id'])
    .modifyEnd(sql`STRICT`)
    .execute();
}

async function createDependents(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('twins')
    .addColumn('id', 'integer', (column) => column.primaryKey().references('identities.id').onDelete('cascade'))
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('desired', 'text', (column) => column.notNull())
    .addColumn('desired_version', 'integer', (column) => column.notNull())
    .addColumn('desired_metadata', 'text', (column) => column.notNull())
    .addColumn('reported', 'text', (column) => column.notNull())
    .addColumn('reported_version', 'integer', (column) => column.notNull())
    .addColumn('reported_metadata', 'text', (column) => column.notNull())
    .modifyEnd(sql`STRICT`)
    .execute();
  await database.schema
    .createTable('sessions')
    .addColumn('id', 'integer', (column) => column.primaryKey().references('identities.id').onDelete('cascade'))
    .addColumn('filters', 'text', (column) => column.notNull())
    .modifyEnd(sql`STRICT`)
    .execute();
  await database.schema
    .createTable('settings')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .modifyEnd(sql`STRICT`)
    .execute();
}

/** The device id comes second, so that devices of one state are read in the order pages are given in. */
async function createIndices(database: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX devices_by_status ON identities (status, device_id) WHERE module_id = ''`.execute(database);
  await sql`CREATE INDEX devices_by_connection ON identities (connection_state, device_id) WHERE module_id = ''`.execute(
    database,
  );
}
