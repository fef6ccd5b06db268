import { X509Certificate } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';

/** Far more than a certificate with the largest key and many names. */
const maxLength = 64 * 1024;

/** Reads PEM or base64 DER; of a PEM with several certificates the first. Failure: HubError ArgumentInvalid. */
export function readCertificate(text: string | undefined): X509Certificate {
  if (text === undefined || text === '') throw new HubError('ArgumentNull', 'certificate is missing.');
  if (text.length > maxLength) throw new HubError('ArgumentInvalid', 'The certificate is too long.');
  const decoded = text.includes('-----BEGIN') ? undefined : Buffer.from(text, 'base64');
  // Some tools encode the whole PEM file once more.
  const isWrapped = decoded?.subarray(0, 11).toString('latin1') === '-----BEGIN ';
  try {
    return new X509Certificate(decoded === undefined ? text : isWrapped ? decoded.toString('latin1') : decoded);
  } catch {
    throw new HubError('ArgumentInvalid', 'The certificate is neither PEM nor base64 DER of an X.509 certificate.');
  }
}

/** Reads a certificate that may sign others. Failure: HubError ArgumentInvalid. */
export function readAuthority(text: string | undefined, now: number): X509Certificate {
  const certificate = readCertificate(text);
  if (!certificate.ca) throw new HubError('ArgumentInvalid', 'The certificate is not one of a CA.');
  if (!isValidAt(certificate, now)) throw new HubError('ArgumentInvalid', 'The certificate is not valid now.');
  return certificate;
}

/** True when the certificate is valid now and the other one signed it, being a CA that is valid itself. */
export function issuedBy(certificate: X509Certificate, issuer: X509Certificate, now: number): boolean {
  return (
    isValidAt(certificate, now) &&
    issuer.ca &&
    isValidAt(issuer, now) &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey)
  );
}

export function isValidAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}
