export { openAuditLog, type AuditLog } from './audit-chain.ts';
export { changeIntent } from './change-intent.ts';
export { createRollout, createdNote } from './create-rollout.ts';
export {
  parseIntent,
  parseLease,
  parseState,
  type AuditHead,
  type AuditNote,
  type RolloutHeader,
  type StoredIntent,
  type StoredState,
} from './documents.ts';
export { recordNames, type RecordNames } from './names.ts';
export {
  findRollout,
  goesOn,
  listGoingOn,
  listRollouts,
  noIntent,
  readPlan,
  readRollout,
  type StoredRollout,
} from './read-rollout.ts';
export { readAudit, verifyAudit, type AuditProblem, type AuditVerification } from './verify-audit.ts';
