export { addAuthority, verifyWithKey, verifyWithProof } from './authorities.ts';
export { issueCertificate, readText, type IssuedCertificate } from './issue-certificate.ts';
