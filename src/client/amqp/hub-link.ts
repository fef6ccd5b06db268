import type { Connection } from '../../config/profile.ts';
import { isFailure, type Failure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import { createAuthorizer, type Authorizer } from '../authorization.ts';
import { failureOfNetwork, type NetworkContext } from '../http/network-failure.ts';
import type { Environment } from '../proxy.ts';
import { openAmqpConnection, LinkEnded, type AmqpConnection } from './amqp-connection.ts';
import { openTokenExchange } from './cbs.ts';
import { failureOfCondition, type ConditionContext } from './condition-failure.ts';
import { amqpEndpointOf, type AmqpEndpoint } from './endpoint.ts';
import { openSocket } from './socket.ts';

export interface HubLinkDependencies {
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly env?: Environment;
  readonly onSignIn?: (message: string) => void;
  /** One that is at hand for the same hub. */
  readonly authorizer?: Authorizer;
}

/** A hub's AMQP service: connections that are authorised, made when they are asked for. */
export interface HubLink {
  readonly hostName: string;
  readonly endpoint: AmqpEndpoint;
  /** A connection of its own, to be closed by whoever asked. Rejects with a Failure or the signal's reason. */
  connect(signal?: AbortSignal): Promise<AmqpConnection>;
  /** A connection without a token; `login` proves the peer instead. */
  connectPlain(login: { user: string; password: string }, signal?: AbortSignal): Promise<AmqpConnection>;
  readonly authorizer: Authorizer;
  /** What went wrong on a link or connection, as a Failure. */
  failureOf(error: unknown, context: Omit<ConditionContext, 'hostName'>): Failure;
}

/** Failure `invalid-config` for an AMQP URL that cannot be used. */
export function createHubLink(connection: Connection, dependencies: HubLinkDependencies): HubLink {
  const { clock, env } = dependencies;
  const endpoint = amqpEndpointOf(connection);
  const authorizer = createAuthorizer(connection, dependencies);
  const network: NetworkContext = {
    hostName: endpoint.host,
    address: `${endpoint.host}:${endpoint.port}`,
    local: connection.kind === 'local',
    hasCaFile: connection.caFile !== undefined,
    profile: connection.source === 'profile' ? connection.name : undefined,
  };

  async function open(
    login: { user: string; password: string } | undefined,
    signal: AbortSignal | undefined,
  ): Promise<AmqpConnection> {
    try {
      const socket = await openSocket({ endpoint, connection, clock, env, signal });
      return await openAmqpConnection({ socket, hostName: endpoint.hostName, clock, network, login });
    } catch (error) {
      signal?.throwIfAborted();
      throw isFailure(error) ? error : failureOfNetwork(error, network);
    }
  }

  function failureOf(error: unknown, context: Omit<ConditionContext, 'hostName'>): Failure {
    if (isFailure(error)) return error;
    const condition = error instanceof LinkEnded ? error.condition : undefined;
    return condition === undefined
      ? failureOfNetwork(error, network)
      : failureOfCondition(condition, { ...context, hostName: connection.hostName });
  }

  return {
    hostName: connection.hostName,
    endpoint,
    authorizer,
    failureOf,
    connectPlain: open,
    async connect(signal) {
      const opened = await open(undefined, signal);
      try {
        const tokens = await openTokenExchange(opened, { authorizer, clock, hostName: connection.hostName });
        await tokens.authorise(signal);
        tokens.keep();
        return opened;
      } catch (error) {
        opened.close();
        signal?.throwIfAborted();
        throw failureOf(error, { action: 'open its messages' });
      }
    },
  };
}
