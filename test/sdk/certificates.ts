/** Certificates for devices under test. */
import { X509Certificate, randomBytes, type webcrypto } from 'node:crypto';
// oxlint-disable-next-line import/no-unassigned-import -- the certificate library works only when it is loaded
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** PEM texts. */
export interface DeviceCertificate {
  /** The leaf; after it, those of its issuers that the device sends along. */
  readonly cert: string;
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

export interface CertificateOptions {
  /** Signs; the certificate signs itself when absent. */
  readonly issuer?: DeviceCertificate;
  readonly authority?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export async function makeCertificate(
  commonName: string,
  options: CertificateOptions = {},
): Promise<DeviceCertificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const issuer = options.issuer === undefined ? undefined : new x509.X509Certificate(options.issuer.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: `CN=${commonName}`,
    issuer: issuer?.subject ?? `CN=${commonName}`,
    notBefore: options.notBefore ?? new Date(Date.now() - dayMs),
    notAfter: options.notAfter ?? new Date(Date.now() + 30 * dayMs),
    publicKey: keys.publicKey,
    signingKey: options.issuer === undefined ? keys.privateKey : await importKey(options.issuer.key),
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(options.authority === true, undefined, true)],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}

/** SHA-256, hex without separators, as the registry wants it. */
export function thumbprintOf({ cert }: DeviceCertificate): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign']);
}
