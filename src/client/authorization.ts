/** What opens a hub: the value of `Authorization` over HTTP and the token that `put-token` carries over AMQP. */
import type { Connection, KeyConnection } from '../config/profile.ts';
import { createSasToken } from '../protocol/sas-token.ts';
import type { Clock } from '../std/clock.ts';

export interface Authorization {
  /** `SharedAccessSignature …` or `Bearer …`. A secret. */
  readonly value: string;
  /** Unix milliseconds; a new one is given well before. */
  readonly expiresAt: number;
}

export interface Authorizer {
  /**
   * What a token is for, as `put-token` names it over AMQP: the hub's host name, or the scope of Entra ID (service.md §8.2).
   */
  readonly audience: string;
  /** A token with at least some minutes to live. Failures of a sign-in: not-authorised, hub-unreachable. */
  authorize(signal?: AbortSignal): Authorization | Promise<Authorization>;
}

export interface AuthorizerDependencies {
  readonly clock: Clock;
  /** For the proxy of token requests. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Shows how to sign in with a code; absent where nobody is there to do it. */
  readonly onSignIn?: ((message: string) => void) | undefined;
  /** One that is at hand for this connection: nobody signs in twice for one command. */
  readonly authorizer?: Authorizer | undefined;
}

/** How a connection authorises itself at its hub. Entra ID's package is loaded by the first token that is asked for. */
export function createAuthorizer(connection: Connection, dependencies: AuthorizerDependencies): Authorizer {
  if (dependencies.authorizer !== undefined) return dependencies.authorizer;
  if (connection.auth === 'key') return createKeyAuthorizer(connection, dependencies.clock);
  let opened: Promise<Authorizer> | undefined;
  return {
    audience: entraScope,
    async authorize(signal) {
      opened ??= import('./entra/authorizer.ts').then(({ createEntraAuthorizer }) =>
        createEntraAuthorizer(connection, dependencies),
      );
      return (await opened).authorize(signal);
    },
  };
}

/** Source: service.md §1.3. */
export const entraScope = 'https://iothubs.azure.net/.default';

const lifeMs = 3_600_000;
/** A token is replaced this long before it expires, so that none expires under way. */
const reserveMs = 600_000;

/** Tokens of a service policy for the whole hub, made for an hour and reused. Source: service.md §1.1. */
function createKeyAuthorizer(connection: KeyConnection, clock: Clock): Authorizer {
  const audience = connection.hostName.toLowerCase().replace(/:\d+$/, '');
  let made: { readonly at: number; readonly authorization: Authorization } | undefined;
  return {
    audience,
    authorize() {
      const now = clock.now();
      // A clock that was set back would keep a token of the future for too long.
      if (made === undefined || now >= made.at + lifeMs - reserveMs || now < made.at) {
        const expiresAt = now + lifeMs;
        const value = createSasToken({
          resource: audience,
          key: connection.sharedAccessKey,
          keyName: connection.sharedAccessKeyName,
          expiresAt: Math.floor(expiresAt / 1000),
        });
        made = { at: now, authorization: { value, expiresAt } };
      }
      return made.authorization;
    },
  };
}
