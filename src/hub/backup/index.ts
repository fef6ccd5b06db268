export { backupHub, type BackupRequest, type BackupResult } from './backup.ts';
export type { Manifest } from './manifest.ts';
export { restoreHub, type RestoreRequest } from './restore.ts';
