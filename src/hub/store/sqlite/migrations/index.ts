import type { Migration } from 'kysely/migration';

/** Migrations by name, in order, each loaded only for a file that does not have it. */
export type Migrations = Readonly<Record<string, () => Promise<Migration>>>;

/** One that was released is never changed: add the next number. */
export const migrations: Migrations = {
  '0001-registry': async () => (await import('./0001-registry.ts')).registryMigration,
  '0002-documents': async () => (await import('./0002-documents.ts')).documentsMigration,
  '0003-modules': async () => (await import('./0003-modules.ts')).modulesMigration,
  '0004-tag-index': async () => (await import('./0004-tag-index.ts')).tagIndexMigration,
  '0005-audit': async () => (await import('./0005-audit.ts')).auditMigration,
  '0006-property-index': async () => (await import('./0006-property-index.ts')).propertyIndexMigration,
  '0007-checksums': async () => (await import('./0007-checksums.ts')).checksumsMigration,
};
