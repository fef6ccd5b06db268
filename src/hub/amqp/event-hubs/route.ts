/** The Event Hubs-compatible endpoint: reading what devices send, by the links of `@azure/event-hubs`. Source: service.md §9. */
import { entityNames } from '../../../protocol/event-hub-names.ts';
import type { AmqpContext } from '../context.ts';
import type { AmqpConnection, Claim, LinkRoute } from '../route.ts';
import { parseEndpointAddress } from './address.ts';
import { readOnlyEndpoint, unknownEntity } from './errors.ts';
import { createManagementLinks } from './management-links.ts';
import type { EndpointFacts } from './management.ts';
import { createReaderLinks } from './reader-links.ts';
import { redirectOf } from './redirect.ts';

export interface EventHubsOptions {
  /** Names of the hub, the one of its connection strings first; see {@link entityNames}. */
  readonly hostNames: readonly string[];
  /** Beside `$Default`. */
  readonly consumerGroups: readonly string[];
  /** When the hub was made, Unix milliseconds. */
  readonly createdAt: number;
  /** Where readers are sent that come over a WebSocket. */
  readonly amqpsPort: () => number | undefined;
}

const defaultGroup = '$default';

/** The route of the endpoint, and of the hub's own `messages/events`, which sends readers there. */
export function createEventHubsRoute(context: AmqpContext, options: EventHubsOptions): LinkRoute {
  const entities = entityNames(options.hostNames);
  const facts: EndpointFacts = {
    entities,
    createdAt: options.createdAt,
    partitions: () => context.core.telemetry.partitions(),
  };
  const consumerGroups = new Set([defaultGroup, ...options.consumerGroups.map((group) => group.toLowerCase())]);
  const onError = (error: unknown): void => context.log.error({ err: error }, 'events could not be read');
  const management = createManagementLinks(facts, onError);
  const openReader = createReaderLinks(context, { facts, consumerGroups, onError });
  const target = { entity: entities[0] ?? '', amqpsPort: options.amqpsPort };

  /** Proves that the peer may ask. */
  async function admit(connection: AmqpConnection, entity: string | undefined): Promise<{ claim: Claim }> {
    const claim = await connection.claims.eventHub();
    if (entity !== undefined && !entities.includes(entity.toLowerCase())) throw unknownEntity(entity);
    return { claim };
  }

  async function refuseSender(connection: AmqpConnection, entity: string): Promise<never> {
    await admit(connection, entity);
    throw readOnlyEndpoint();
  }

  return {
    receive(link) {
      const redirection = redirectOf(link, target);
      if (redirection !== undefined) return redirection;
      const address = parseEndpointAddress(link.address);
      if (address?.kind === 'management') {
        const open = management.receive(link.connection, link.channel);
        return admit(link.connection, address.entity).then((admitted) => ({ ...open, ...admitted }));
      }
      // Words alone are no address of the endpoint unless they name its entity: other routes have such addresses too.
      const isHere = address?.kind === 'entity' && entities.includes(address.entity.toLowerCase());
      return isHere ? refuseSender(link.connection, address.entity) : undefined;
    },
    send(link) {
      const redirection = redirectOf(link, target);
      if (redirection !== undefined) return redirection;
      const address = parseEndpointAddress(link.address);
      if (address?.kind === 'partition') return openReader(link, address);
      if (address?.kind !== 'management') return undefined;
      return admit(link.connection, address.entity).then((admitted) => ({ ...management.send(link), ...admitted }));
    },
  };
}
