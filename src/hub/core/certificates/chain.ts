/** Does a certificate lead to one that is trusted? For devices of a hub and of enrollment groups alike. Source: device.md §1.3, §5.1. */
import { X509Certificate } from 'node:crypto';
import type { PeerCertificates } from '../services.ts';

/** Longer chains are not followed: what a peer sends must not cost much. */
const longestChain = 8;

/**
 * The anchor that the peer's certificate leads to, through issuers the peer sent; undefined when there is none, or when a
 * certificate on the way is not valid at `now` (Unix milliseconds) or may not sign. No revocation lists.
 */
export function findAnchor(
  { leaf, issuers }: PeerCertificates,
  anchors: readonly X509Certificate[],
  now: number,
): X509Certificate | undefined {
  let current = parseCertificate(leaf);
  const rest = issuers.slice(0, longestChain).flatMap((bytes) => parseCertificate(bytes) ?? []);
  for (let length = 0; current !== undefined && length <= longestChain; length++) {
    if (!isValidAt(current, now)) return undefined;
    const subject: X509Certificate = current;
    const anchor = anchors.find((candidate) => issued(candidate, subject));
    if (anchor !== undefined) return isValidAt(anchor, now) ? anchor : undefined;
    const next = rest.findIndex((candidate) => candidate.ca && issued(candidate, subject));
    current = next < 0 ? undefined : rest.splice(next, 1)[0];
  }
  return undefined;
}

/** A certificate from its DER bytes; undefined when they are not one. */
export function parseCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** The common name of the subject; undefined when it has none or more than one. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

export function isValidAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    // A key of a kind that cannot have made the signature.
    return false;
  }
}
