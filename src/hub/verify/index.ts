export type { Finding } from './report.ts';
export { verifyHub, type Verification, type VerifyRequest } from './verify.ts';
