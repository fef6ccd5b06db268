export { addAuthority, verifyWithKey, verifyWithProof } from './authorities.ts';
export { issueCertificate, type IssuedCertificate } from './issue-certificate.ts';
