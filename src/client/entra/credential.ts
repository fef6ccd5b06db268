/** The sign-ins of Microsoft Entra ID, by the kind that a profile names. */
import type { TokenCredential } from '@azure/identity';
import type { CredentialKind, EntraConnection } from '../../config/profile.ts';
import { Failure } from '../../errors/index.ts';
import type { AuthorizerDependencies } from '../authorization.ts';
import { proxyFor } from '../proxy.ts';

export type CredentialFactory = (
  connection: EntraConnection,
  dependencies: AuthorizerDependencies,
) => Promise<Pick<TokenCredential, 'getToken'>> | Pick<TokenCredential, 'getToken'>;

/** The Azure CLI answers in a second or two; a first run after an update takes longer. */
const cliPatienceMs = 30_000;
const publicAuthority = 'https://login.microsoftonline.com';

/** Builds the credential of a profile. `default` tries one after the other, as each says that it has nothing to sign in with. */
export const createCredential: CredentialFactory = async (connection, { env = {}, onSignIn }) => {
  const identity = await import('@azure/identity');
  const { tenantId, clientId } = connection;
  const authority = env['AZURE_AUTHORITY_HOST'];
  const options = {
    ...(tenantId !== undefined && { tenantId }),
    ...proxyOptions(authority ?? publicAuthority, env),
    // The public directory does not know an authority of one's own, and asking it would need the internet.
    ...(authority !== undefined && { disableInstanceDiscovery: true }),
  };
  const withClient = { ...options, ...(clientId !== undefined && { clientId }) };
  const make: Record<Exclude<CredentialKind, 'default'>, () => TokenCredential> = {
    environment: () => new identity.EnvironmentCredential(options),
    'workload-identity': () => new identity.WorkloadIdentityCredential(withClient),
    cli: () => new identity.AzureCliCredential({ ...options, processTimeoutInMs: cliPatienceMs }),
    'device-code': () =>
      new identity.DeviceCodeCredential({
        ...withClient,
        userPromptCallback: ({ message }) => onSignIn?.(message),
      }),
  };
  if (connection.credential === 'device-code' && onSignIn === undefined) {
    throw new Failure('input-required', 'a sign-in with a code needs somebody at a terminal', {
      hint: 'use a profile with --credential environment, workload-identity or cli',
    });
  }
  if (connection.credential !== 'default') return make[connection.credential]();
  const hasWorkload = env['AZURE_FEDERATED_TOKEN_FILE'] !== undefined;
  return new identity.ChainedTokenCredential(
    make.environment(),
    ...(hasWorkload ? [make['workload-identity']()] : []),
    make.cli(),
    // Without a person at the terminal it would wait for a quarter of an hour.
    ...(onSignIn === undefined ? [] : [make['device-code']()]),
  );
};

function proxyOptions(authority: string, env: Readonly<Record<string, string | undefined>>): object {
  const proxy = URL.canParse(authority) ? proxyFor(new URL(authority), env) : undefined;
  if (proxy === undefined) return {};
  const { protocol, hostname, port, username, password } = proxy;
  return {
    proxyOptions: {
      host: `${protocol}//${hostname}`,
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      ...(username !== '' && { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
    },
  };
}
