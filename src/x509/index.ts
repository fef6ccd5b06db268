export { issueAuthority, issueClient, issueSelfSigned } from './issue.ts';
export type { CertificatePair } from './pair.ts';
