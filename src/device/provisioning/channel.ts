import type { Clock } from '../../std/clock.ts';
import type { RegistrationAddress } from '../../protocol/provisioning/index.ts';

/** Where the provisioning service is. */
export interface RegistrationEndpoint {
  readonly host: string;
  readonly port: number;
  /** TLS unless a person asked for plain text. */
  readonly tls: boolean;
  /** PEM; the system's authorities when absent. */
  readonly ca?: string | undefined;
}

/** How the device proves itself: a token made of its key, or a certificate (PEM) with its private key. */
export type RegistrationProof =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'certificate'; readonly certificate: string; readonly privateKey: string };

export interface ChannelOptions extends RegistrationAddress {
  readonly endpoint: RegistrationEndpoint;
  /** Undefined for a certificate. */
  readonly token: string | undefined;
  readonly proof: RegistrationProof;
  readonly clientVersion: string;
  readonly clock: Clock;
  /** For one exchange, and for the connection. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the service answered. `retryAfter` is in seconds. */
export interface RegistrationReply {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** One conversation with the service, on any transport. Rejects with the socket's error, or the signal's reason. */
export interface RegistrationChannel {
  register(body: string): Promise<RegistrationReply>;
  status(operationId: string): Promise<RegistrationReply>;
  close(): Promise<void>;
}

/** TLS settings of the peer and of the device. */
export function tlsOf({ endpoint, proof }: ChannelOptions): { ca?: string; cert?: string; key?: string } {
  return {
    ...(endpoint.ca !== undefined && { ca: endpoint.ca }),
    ...(proof.kind === 'certificate' && { cert: proof.certificate, key: proof.privateKey }),
  };
}
