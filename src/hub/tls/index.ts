export { loadCertificates, type Certificates } from './certificates.ts';
export type { CertificatePair } from './issue.ts';
