/** Why there is no token of Entra ID, with the command that helps. */
import type { EntraConnection } from '../../config/profile.ts';
import { Failure, isFailure } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';

const networkCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // What MSAL makes of all of them, and of a tenant that is not there.
  'endpoints_resolution_error',
  'network_error',
];
const longestReason = 300;

/** Failures: not-authorised with what to do about it, hub-unreachable when the directory cannot be reached. */
export function failureOfSignIn(error: unknown, connection: EntraConnection): Failure {
  if (isFailure(error)) return error;
  const causes = [...flatten(error)];
  const text = causes.map((cause) => messageOf(cause)).join('\n');
  const code = causes.map(codeOf).find((found) => networkCodes.includes(found));
  const network = code ?? networkCodes.find((name) => text.includes(name));
  if (network !== undefined) {
    return new Failure('hub-unreachable', `the sign-in for ${connection.hostName} failed: Entra ID cannot be reached`, {
      hint: 'check the network and the tenant; a proxy is taken from HTTPS_PROXY',
      retryable: true,
      details: { cause: network, credential: connection.credential },
      cause: error,
    });
  }
  const directoryError = /AADSTS\d+/.exec(text)?.[0];
  return new Failure('not-authorised', `the sign-in for ${connection.hostName} failed: ${reasonOf(causes)}`, {
    hint: hintOf(connection, text, directoryError),
    details: { credential: connection.credential, ...(directoryError !== undefined && { directoryError }) },
    cause: error,
  });
}

function hintOf(connection: EntraConnection, text: string, directoryError: string | undefined): string {
  const { credential, tenantId } = connection;
  const login = `az login${tenantId === undefined ? '' : ` --tenant ${tenantId}`}`;
  const known = directoryError === undefined ? undefined : hintsOfDirectory[directoryError];
  if (known !== undefined) return known;
  const hints: Readonly<Record<EntraConnection['credential'], string>> = {
    default: `${login}, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET`,
    environment: 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH)',
    'workload-identity': 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE',
    cli: /could not be found/.test(text) ? `install the Azure CLI, then ${login}` : login,
    'device-code': 'run it again and sign in with the code that it shows',
  };
  return hints[credential];
}

/** Source: the reference of Entra ID's error codes. */
const hintsOfDirectory: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong: set AZURE_CLIENT_SECRET to its value, not to its id',
  AADSTS7000222: 'the client secret has expired: make a new one and set AZURE_CLIENT_SECRET',
  AADSTS700016: 'there is no such application in this tenant: check AZURE_CLIENT_ID and AZURE_TENANT_ID',
  AADSTS90002: 'there is no such tenant: check AZURE_TENANT_ID or the tenant of the profile',
  AADSTS500011: 'the tenant does not know Azure IoT Hub: choose the tenant that the hub belongs to',
};

/** The words of the innermost errors, one line each, without what only Microsoft's support can read. */
function reasonOf(causes: readonly unknown[]): string {
  const lines = causes
    .filter((cause) => !(cause instanceof Error && 'errors' in cause))
    .map((cause) => firstSentence(messageOf(cause)))
    .filter((line) => line !== '');
  return ([...new Set(lines)].join('; ') || 'Entra ID gave no token').slice(0, longestReason);
}

function firstSentence(message: string): string {
  const described = /AADSTS\d+:[^\n]*/.exec(message)?.[0] ?? message.split('More details:\n').at(-1) ?? message;
  const [line = ''] = described.split('\n', 1);
  const support = line.search(/Trace ID|To troubleshoot|Please visit|Correlation ID/i);
  return (support < 0 ? line : line.slice(0, support)).trim().replace(/[.,]$/, '');
}

function* flatten(error: unknown): Generator<unknown, void, undefined> {
  yield error;
  if (!(error instanceof Error)) return;
  if ('errors' in error && Array.isArray(error.errors)) for (const inner of error.errors) yield* flatten(inner);
  if (error.cause !== undefined) yield* flatten(error.cause);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
