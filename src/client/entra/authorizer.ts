/** Tokens of Microsoft Entra ID, kept until shortly before they expire and asked for once, however many wait for one. */
import type { EntraConnection } from '../../config/profile.ts';
import { Failure } from '../../errors/index.ts';
import { entraScope, type Authorization, type Authorizer, type AuthorizerDependencies } from '../authorization.ts';
import { createCredential, type CredentialFactory } from './credential.ts';
import { failureOfSignIn } from './sign-in-failure.ts';

/** A token is replaced this long before it expires, so that none expires under way. */
const reserveMs = 300_000;

export function createEntraAuthorizer(
  connection: EntraConnection,
  dependencies: AuthorizerDependencies,
  factory: CredentialFactory = createCredential,
): Authorizer {
  const { clock } = dependencies;
  const credential = factory(connection, dependencies);
  let held: Authorization | undefined;
  let asking: Promise<Authorization> | undefined;
  const ask = async (): Promise<Authorization> => {
    try {
      const token = await (await credential).getToken(entraScope);
      if (token === null) throw new Failure('not-authorised', 'the sign-in gave no token');
      held = { value: `Bearer ${token.token}`, expiresAt: token.expiresOnTimestamp };
      return held;
    } catch (error) {
      throw failureOfSignIn(error, connection);
    } finally {
      asking = undefined;
    }
  };
  return {
    audience: entraScope,
    async authorize(signal) {
      if (held !== undefined && clock.now() < held.expiresAt - reserveMs) return held;
      asking ??= ask();
      return withSignal(asking, signal);
    },
  };
}

/** One caller that gives up does not end the sign-in that others wait for. */
async function withSignal<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const given = Promise.withResolvers<never>();
  const onAbort = (): void => given.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
