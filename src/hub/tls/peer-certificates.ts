import type { TLSSocket } from 'node:tls';
import type { PeerCertificates } from '../core/services.ts';

/** More issuers than this are not looked at. */
const maxIssuers = 8;

/** What the peer of a stream showed in its TLS handshake; undefined when it showed nothing, or the stream has no TLS. */
export function peerCertificatesOf(stream: object): PeerCertificates | undefined {
  if (!('getPeerCertificate' in stream) || typeof stream.getPeerCertificate !== 'function') return undefined;
  const first = (stream as TLSSocket).getPeerCertificate(true);
  // Without a certificate the object is empty, whatever the type says.
  if (!Buffer.isBuffer(first.raw)) return undefined;
  const issuers: Uint8Array[] = [];
  // The last certificate of a chain is its own issuer.
  for (
    let next = first.issuerCertificate, last = first;
    isAnother(next, last);
    last = next, next = next.issuerCertificate
  ) {
    issuers.push(next.raw);
    if (issuers.length === maxIssuers) break;
  }
  return { leaf: first.raw, issuers };
}

function isAnother<Certificate extends { readonly raw: Buffer }>(
  next: Certificate | undefined,
  last: Certificate,
): next is Certificate {
  return next !== undefined && next !== last && Buffer.isBuffer(next.raw);
}
