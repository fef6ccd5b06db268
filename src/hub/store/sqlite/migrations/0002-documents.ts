import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Documents of the services beside the registry. */
export const documentsMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('documents')
      .addColumn('collection', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('documents_by_id', ['collection', 'id'])
      .modifyEnd(sql`STRICT, WITHOUT ROWID`)
      .execute();
  },
};
