/** A hub of this machine, saved to a file and put back. */
export { backupHub, restoreHub } from '../../hub/index.ts';
