import type { IncomingMessage } from 'node:http';

/** How clients reach the hub over HTTPS. */
export interface PublicAddress {
  /** Names the hub answers to, lower case, without ports; the first of connection strings. */
  readonly hostNames: readonly string[];
  readonly hostName: string;
  /** Undefined before the port listens, and when it is off. */
  readonly httpsPort: () => number | undefined;
  /** Without TLS, on this machine alone. */
  readonly httpPort?: () => number | undefined;
}

/**
 * Host and port for addresses that a caller is told: those it used itself, because a port may be mapped on the way; where it came
 * without TLS or names another host, those of the hub.
 */
export function publicHostOf(request: IncomingMessage, { hostNames, hostName, httpsPort }: PublicAddress): string {
  const asked = 'encrypted' in request.socket ? (request.headers.host ?? '') : '';
  const match = /^(\[[\da-f:.]+\]|[^:/@\s]+)(?::(\d{1,5}))?$/i.exec(asked);
  if (match !== null && hostNames.includes((match[1] ?? '').toLowerCase().replace(/^\[(.*)\]$/, '$1'))) return asked;
  return withPort(hostName, httpsPort());
}

function withPort(host: string, port: number | undefined): string {
  return port === undefined || port === 443 || host.includes(':') ? host : `${host}:${port}`;
}

/** `https://host[:port]` as {@link publicHostOf} has it; `http://` for a hub that listens without TLS alone. */
export function publicOriginOf(request: IncomingMessage, address: PublicAddress): string {
  const plain = address.httpsPort() === undefined ? address.httpPort?.() : undefined;
  if (plain === undefined) return `https://${publicHostOf(request, address)}`;
  return `http://${withPort(address.hostName, plain)}`;
}
