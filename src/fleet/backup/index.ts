/** A hub of this machine: saved to a file, put back, and checked for damage. */
export { backupHub, restoreHub, verifyHub, type Verification } from '../../hub/index.ts';
