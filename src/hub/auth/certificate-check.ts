import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../std/clock.ts';
import type { IdentityPath } from '../../protocol/identity-path.ts';
import { issuedBy, isValidAt } from '../core/certificates/read-certificate.ts';
import type { IdentityCredentials } from '../core/ports.ts';
import type { PeerCertificates, ShownCredential } from '../core/services.ts';

type CertificateCredential = Extract<ShownCredential, 'primaryThumbprint' | 'secondaryThumbprint' | 'authority'>;

/** Checks the certificate a peer showed against what the registry says of the identity. Source: device.md §1.3. */
export interface CertificateCheck {
  /** With what the identity proved itself; undefined when it did not. */
  check(
    certificates: PeerCertificates,
    record: IdentityCredentials | undefined,
    identity: IdentityPath,
  ): Promise<CertificateCredential | undefined>;
}

export interface CertificateCheckParts {
  readonly clock: Clock;
  /** The CA certificates that were uploaded and verified, as DER. */
  readonly authorities: () => Promise<readonly Uint8Array[]>;
}

/** Longer chains than this are not followed. */
const maxChain = 8;

export function createCertificateCheck({ clock, authorities }: CertificateCheckParts): CertificateCheck {
  return {
    async check({ leaf: leafBytes, issuers }, record, identity) {
      const leaf = parse(leafBytes);
      if (record === undefined || leaf === undefined || !isValidAt(leaf, clock.now())) return undefined;
      if (record.authType === 'selfSigned') return thumbprintOf(leaf, record);
      if (record.authType !== 'certificateAuthority' || commonName(leaf) !== identity) return undefined;
      const trusted = parseAll(await authorities());
      return leadsTo(leaf, parseAll(issuers), trusted, clock.now()) ? 'authority' : undefined;
    },
  };
}

/** The SHA-1 or SHA-256 digest may stand in either slot. */
function thumbprintOf(
  leaf: X509Certificate,
  record: IdentityCredentials,
): 'primaryThumbprint' | 'secondaryThumbprint' | undefined {
  const digests = new Set(
    [leaf.fingerprint, leaf.fingerprint256].map((text) => text.replaceAll(':', '').toLowerCase()),
  );
  const isShown = (thumbprint: string | null): boolean => thumbprint !== null && digests.has(thumbprint.toLowerCase());
  if (isShown(record.primaryThumbprint)) return 'primaryThumbprint';
  return isShown(record.secondaryThumbprint) ? 'secondaryThumbprint' : undefined;
}

/** True when the certificates the peer sent along make a chain from the leaf to one that is trusted. */
function leadsTo(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  now: number,
): boolean {
  let current = leaf;
  for (let length = 0; length < maxChain; length++) {
    const signed = current;
    if (trusted.some((authority) => issuedBy(signed, authority, now))) return true;
    const next = issuers.find(
      (issuer) => issuer.fingerprint256 !== signed.fingerprint256 && issuedBy(signed, issuer, now),
    );
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

/** The one common name of the subject; undefined when there is none or more than one. */
function commonName(certificate: X509Certificate): string | undefined {
  // The type says string, but several common names come as a list.
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return typeof name === 'string' ? name : undefined;
}

function parseAll(certificates: readonly Uint8Array[]): readonly X509Certificate[] {
  return certificates.map(parse).filter((certificate) => certificate !== undefined);
}

function parse(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}
