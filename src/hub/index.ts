import type * as Backup from './backup/index.ts';
import type * as Verify from './verify/index.ts';

export { startHub } from './hub.ts';
export { formatLimit, limitTable, namedLimits, parseLimit, type Limit, type NamedLimit } from './limits/index.ts';
export type { HubLog } from './log.ts';
export type { HubOptions, HubRecords, RunningHub } from './options.ts';
export type { PortChoice, PortFallback, PortName } from './ports.ts';
export { readHubState, type HubInfo, type HubState } from './state.ts';

/** Loaded when they are asked for: a hub that runs has no use for them. */
export const backupHub: typeof Backup.backupHub = async (...request) =>
  (await import('./backup/index.ts')).backupHub(...request);
export const restoreHub: typeof Backup.restoreHub = async (...request) =>
  (await import('./backup/index.ts')).restoreHub(...request);
export const verifyHub: typeof Verify.verifyHub = async (...request) =>
  (await import('./verify/index.ts')).verifyHub(...request);
export type { Verification } from './verify/index.ts';
