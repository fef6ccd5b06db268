/** Making certificates. Meant for a thread of its own: the library it needs is large. */
import { randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
// The certificate library looks its parts up through reflection metadata, which has to be there first.
// oxlint-disable-next-line import/no-unassigned-import -- it works by being loaded
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, in PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** The CA outlives many server certificates; devices are set up with it once. */
const authorityDays = 3_650;
/** Some TLS stacks refuse server certificates that live longer. */
const serverDays = 365;
/** Clocks of small devices are often a little behind. */
const backdateMs = dayMs;

/** A new certificate authority of this hub. `now` is Unix milliseconds. */
export async function issueAuthority(now: number): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=iotctl hub CA ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + authorityDays * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** A server certificate for the host names (DNS names and IP addresses), signed by the authority. */
export async function issueServer(
  authority: CertificatePair,
  hostNames: readonly string[],
  now: number,
): Promise<CertificatePair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await importKey(authority.key);
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${hostNames.find((name) => isIP(name) === 0 && name.length <= 64) ?? 'localhost'}`,
    issuer: issuer.subject,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(Math.min(now + serverDays * dayMs, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hostNames.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** 16 random bytes; the first is made positive and not zero, as DER wants it. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign']);
}
