import { int, type Writable } from '../codec/values.ts';
import { LinkRefusal, type AmqpConnection } from '../route.ts';
import { builtInEndpointPath } from './address.ts';

interface RedirectTarget {
  readonly entity: string;
  /** Port of AMQP over TLS, for peers that came over a WebSocket. */
  readonly amqpsPort: () => number | undefined;
}

const standardPort = 5671;

/**
 * The hub's own address of events tells where the endpoint is: the link is ended with `amqp:link:redirect`. Undefined when the
 * address is another one. Clients take the entity from between the port and `/$management`, so the port is always there.
 * Source: service.md §9.1.
 */
export function redirectOf(
  { address, connection }: { readonly address: string; readonly connection: AmqpConnection },
  target: RedirectTarget,
): Promise<never> | undefined {
  const path = builtInEndpointPath(address);
  return path === undefined ? undefined : refuse(connection, path, target);
}

async function refuse(connection: AmqpConnection, path: string, { entity, amqpsPort }: RedirectTarget): Promise<never> {
  await connection.claims.eventHub();
  const isPlain = !connection.secure && connection.protocol === 'amqp';
  const port = connection.localPort ?? amqpsPort() ?? standardPort;
  const host = connection.hostName === '' ? 'localhost' : connection.hostName;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  throw new LinkRefusal({
    condition: 'amqp:link:redirect',
    description: 'Events are read from the Event Hubs-compatible endpoint of this hub.',
    info: new Map<string, Writable>([
      ['hostname', host],
      ['network-host', host],
      ['port', int(port)],
      ['address', `${isPlain ? 'amqp' : 'amqps'}://${authority}/${entity}${path}`],
    ]),
  });
}
