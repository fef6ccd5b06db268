/** The audit of a hub: reading it, and checking that nothing was changed. */
export { readHubAudit, type AuditFilter } from './read-audit.ts';
export { verifyHubAudit, type HubAuditProblem, type HubAuditVerification } from './verify-audit.ts';
