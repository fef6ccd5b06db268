/**
 * Making certificates: of the hub's own TLS ports, and of devices that authenticate with one. The library it needs takes 15 MB, so
 * whoever goes on running afterwards makes them in another process (hub/tls/issue-apart.ts).
 */
import { randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
// The certificate library looks its parts up through reflection metadata, which has to be there first.
// oxlint-disable-next-line import/no-unassigned-import -- it works by being loaded
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { CertificatePair } from './pair.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** The CA outlives many server certificates; devices are set up with it once. */
const authorityDays = 3_650;
/** Some TLS stacks refuse server certificates that live longer. */
const serverDays = 365;
/** Clocks of small devices are often a little behind. */
const backdateMs = dayMs;

/** A new certificate authority; that of a hub when it is not named. `now` is Unix milliseconds. */
export async function issueAuthority(
  now: number,
  { commonName = `iotctl hub CA ${randomBytes(4).toString('hex')}`, days = authorityDays } = {},
): Promise<CertificatePair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf(commonName),
    ...validity(now, days),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPair(certificate, keys);
}

/** A server certificate for the host names (DNS names and IP addresses), signed by the authority. */
export async function issueServer(
  authority: CertificatePair,
  hostNames: readonly string[],
  now: number,
): Promise<CertificatePair> {
  return issueSigned(authority, {
    commonName: hostNames.find((name) => isIP(name) === 0 && name.length <= 64) ?? 'localhost',
    usage: x509.ExtendedKeyUsage.serverAuth,
    now,
    days: serverDays,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        hostNames.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
}

export interface LeafRequest {
  /** Of a device: its id, or `DEVICE/MODULE`. */
  readonly commonName: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly days: number;
}

/** A client certificate signed by the authority; its file holds the authority's too, because a device has to send it along. */
export async function issueClient(authority: CertificatePair, request: LeafRequest): Promise<CertificatePair> {
  return issueSigned(authority, { ...request, usage: x509.ExtendedKeyUsage.clientAuth, extensions: [] });
}

/** A client certificate that nobody else signed, known to the hub by its thumbprint. */
export async function issueSelfSigned({ commonName, now, days }: LeafRequest): Promise<CertificatePair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf(commonName),
    ...validity(now, days),
    keys,
    signingAlgorithm: algorithm,
    extensions: leafExtensions(x509.ExtendedKeyUsage.clientAuth),
  });
  return toPair(certificate, keys);
}

async function issueSigned(
  authority: CertificatePair,
  request: LeafRequest & { readonly usage: x509.ExtendedKeyUsage; readonly extensions: readonly x509.Extension[] },
): Promise<CertificatePair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await importKey(authority.key);
  const keys = await newKeys();
  const { notBefore, notAfter } = validity(request.now, request.days);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: nameOf(request.commonName),
    issuer: issuer.subjectName,
    notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    publicKey: keys.publicKey,
    signingKey: signingKey.key,
    signingAlgorithm: signingKey.algorithm,
    extensions: [
      ...leafExtensions(request.usage),
      ...request.extensions,
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPair(certificate, keys);
}

function leafExtensions(usage: x509.ExtendedKeyUsage): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  ];
}

/** As a structure, because text would have to be escaped: ids may hold commas and equal signs. */
function nameOf(commonName: string): x509.Name {
  return new x509.Name([{ CN: [{ utf8String: commonName }] }]);
}

function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + days * dayMs) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** 16 random bytes; the first is made positive and not zero, as DER wants it. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

async function toPair(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<CertificatePair> {
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { certificate: certificate.toString('pem'), key };
}

/** The key of an authority: elliptic (P-256 or P-384) or RSA, in PKCS #8. */
async function importKey(
  pem: string,
): Promise<{ key: webcrypto.CryptoKey; algorithm: (typeof keyAlgorithms)[number] }> {
  const bytes = x509.PemConverter.decodeFirst(pem);
  for (const candidate of keyAlgorithms) {
    try {
      return { key: await crypto.subtle.importKey('pkcs8', bytes, candidate, false, ['sign']), algorithm: candidate };
    } catch {
      // Of another kind.
    }
  }
  throw new TypeError('the key is neither ECDSA nor RSA in PKCS #8');
}

const keyAlgorithms = [
  algorithm,
  { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
] as const;
