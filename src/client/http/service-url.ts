import type { Connection } from '../../config/profile.ts';
import { Failure } from '../../errors/index.ts';

/** Where the service API of a hub is. Failure `invalid-config` for plain HTTP to another machine: it would show the token to the network. */
export function serviceUrlOf(connection: Pick<Connection, 'hostName' | 'serviceUrl' | 'name'>): URL {
  const text = connection.serviceUrl ?? `https://${connection.hostName}`;
  if (!URL.canParse(text))
    throw new Failure('invalid-config', `the service URL of ${connection.name} is not a URL: ${text}`);
  const url = new URL(text);
  if (url.protocol === 'https:') return url;
  const host = url.hostname;
  const isLoopback = host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
  if (url.protocol === 'http:' && isLoopback) return url;
  throw new Failure(
    'invalid-config',
    `the service URL of ${connection.name} must begin with https:// (http:// only for this machine): ${text}`,
  );
}
