import { Failure } from '../../errors/index.ts';
import type { Connection } from '../../config/profile.ts';
import { serviceUrlOf } from '../http/service-url.ts';

/** Where a hub's AMQP is. */
export interface AmqpEndpoint {
  /** The hub's name, as it goes into OPEN and tokens. */
  readonly hostName: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** `wss://host:port`, without a path: the same service over a WebSocket. */
  readonly webSocketOrigin: string;
}

const securePort = 5671;
const plainPort = 5672;

/** Failure `invalid-config` for an AMQP URL that cannot be used: plain AMQP to another machine would show the token to the network. */
export function amqpEndpointOf(
  connection: Pick<Connection, 'name' | 'hostName' | 'serviceUrl' | 'amqpUrl'>,
): AmqpEndpoint {
  const hostName = connection.hostName.toLowerCase().replace(/:\d+$/, '');
  const service = serviceUrlOf(connection);
  const webSocketOrigin = `${service.protocol === 'https:' ? 'wss' : 'ws'}://${service.host}`;
  const { amqpUrl } = connection;
  if (amqpUrl === undefined) return { hostName, host: hostName, port: securePort, secure: true, webSocketOrigin };
  const [, scheme = '', host = '', port] =
    /^(amqps?):\/\/(\[[\da-f:.]+\]|[^/:]+)(?::(\d{1,5}))?\/?$/i.exec(amqpUrl) ?? [];
  const secure = scheme.toLowerCase() === 'amqps';
  const bare = host.replace(/^\[|\]$/g, '');
  const number = port === undefined ? (secure ? securePort : plainPort) : Number(port);
  if (scheme === '' || (!secure && !isLoopback(bare)) || number > 65_535) {
    throw new Failure(
      'invalid-config',
      `the AMQP URL of ${connection.name} must be amqps://HOST:PORT (amqp:// only for this machine): ${amqpUrl}`,
    );
  }
  return { hostName, host: bare, port: number, secure, webSocketOrigin };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
