export { loadCertificates, type Certificates } from './certificates.ts';
export { tlsOptions } from './tls-options.ts';
export { peerCertificatesOf } from './peer-certificates.ts';
export type { CertificatePair } from '../../x509/pair.ts';
