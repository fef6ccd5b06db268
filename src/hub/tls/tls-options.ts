import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { CertificatePair } from '../../x509/pair.ts';

/**
 * How every TLS port of the hub is opened. A client certificate is asked for and not required, because devices with tokens and
 * devices with certificates share the ports; whether one is good is the gatekeeper's to say. Source: device.md §0.
 */
export function tlsOptions({ key, certificate }: CertificatePair): TlsOptions {
  return {
    key,
    cert: certificate,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 8_000,
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session brings the leaf alone, and a device whose CA is behind an intermediate could not be recognised.
    // A handshake anew in the midst of a connection costs the hub more than the peer, and no device asks for one.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}
