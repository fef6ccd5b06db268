/** Certificate authorities that devices may come with. Source: device.md §1.3; shapes as Azure's management API has them. */
import type { AuthorityCertificate } from '../../../protocol/certificates.ts';
import type { IfMatch } from '../services.ts';

/** HubErrors NotFound, ArgumentInvalid, PreconditionFailed, GenericConflict (25 are there already). */
export interface CertificateService {
  list(): Promise<AuthorityCertificate[]>;
  get(name: string): Promise<AuthorityCertificate>;
  /** Uploads a CA certificate; replacing one needs its etag. `body` is `{properties: {certificate, isVerified?}}`, PEM or base64 DER. */
  put(name: string, body: unknown, ifMatch: IfMatch): Promise<AuthorityCertificate>;
  /** Answers the certificate with a new code: whoever can sign a certificate whose common name is the code holds the CA's key. */
  newVerificationCode(name: string, ifMatch: IfMatch): Promise<AuthorityCertificate>;
  /** `body` is `{certificate}`: the proof, signed by the CA. */
  verify(name: string, body: unknown, ifMatch: IfMatch): Promise<AuthorityCertificate>;
  delete(name: string, ifMatch: IfMatch): Promise<void>;
  /** The verified ones, as DER. */
  trusted(): Promise<readonly Uint8Array[]>;
}
