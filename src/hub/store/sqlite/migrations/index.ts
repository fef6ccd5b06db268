import type { Migration } from 'kysely/migration';
import { registryMigration } from './0001-registry.ts';

/** Every migration by its name, in order. One that was released is never changed: add the next number. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-registry': registryMigration,
};
