/** X.509 as enrollments use it. */
import { X509Certificate } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { CertificateInfo } from '../../../protocol/provisioning/index.ts';

const longestCertificate = 32 * 1024;

/** Reads PEM, or base64 of DER or PEM; answers DER in base64. Failure: HubError ArgumentInvalid. */
export function readCertificate(text: string, name: string): string {
  const malformed = (): HubError => new HubError('ArgumentInvalid', `${name} is not an X.509 certificate.`);
  if (text.length > longestCertificate) throw malformed();
  try {
    const bytes = text.includes('-----BEGIN') ? Buffer.from(text) : Buffer.from(text, 'base64');
    return new X509Certificate(bytes).raw.toString('base64');
  } catch {
    throw malformed();
  }
}

export function certificateInfo(certificate: X509Certificate): CertificateInfo {
  return {
    subjectName: oneLine(certificate.subject),
    sha1Thumbprint: plainDigest(certificate.fingerprint),
    sha256Thumbprint: plainDigest(certificate.fingerprint256),
    issuerName: oneLine(certificate.issuer),
    notBeforeUtc: isoMillis(Date.parse(certificate.validFrom)),
    notAfterUtc: isoMillis(Date.parse(certificate.validTo)),
    serialNumber: certificate.serialNumber,
    version: 3,
  };
}

export function fromDer(base64: string): X509Certificate {
  return new X509Certificate(Buffer.from(base64, 'base64'));
}

/** Digits alone, as thumbprints are written. */
export function plainDigest(fingerprint: string): string {
  return fingerprint.replaceAll(':', '');
}

function oneLine(name: string): string {
  return name.split('\n').toReversed().join(', ');
}
