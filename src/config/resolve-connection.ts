import { Failure, toFailure } from '../errors/index.ts';
import { readGivenText } from '../std/given-file.ts';
import { hubTiers, type Connection, type KeyConnection, type ProfileStore } from './profile.ts';
import { parseReadyFile } from './ready-file.ts';

/** The parts of a service connection string. */
interface ConnectionStringParts {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
}

export interface ResolveOptions {
  readonly flags: { readonly profile?: string | undefined; readonly connectionStringFile?: string | undefined };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: () => Promise<ProfileStore>;
  /** Parses a connection string; Failure `invalid-connection-string` when it is not one of a service policy. */
  readonly parse: (text: string) => ConnectionStringParts;
  /** For `--connection-string-file -`. */
  readonly readStdin?: () => Promise<string>;
}

const largestConnectionString = 16 * 1024;

/**
 * The hub to talk to: `--connection-string-file` or `--profile`, then `IOTCTL_CONNECTION_STRING[_FILE]` or `IOTCTL_PROFILE`, then
 * the selected profile. `IOTCTL_SERVICE_URL`, `IOTCTL_DEVICE_URL`, `IOTCTL_AMQP_URL` and `IOTCTL_CA_FILE` complete a connection string for a hub
 * whose ports were moved or whose certificate is its own, `IOTCTL_HUB_TIER` and `IOTCTL_HUB_UNITS` one whose size matters; a file may also be what `hub start --ready-file` wrote. Failure `no-hub` when nothing is chosen.
 */
export async function resolveConnection(options: ResolveOptions): Promise<Connection> {
  const { flags, env } = options;
  if (flags.connectionStringFile !== undefined && flags.profile !== undefined) {
    throw new Failure('usage', '--profile and --connection-string-file name two hubs; give one of them');
  }
  if (flags.connectionStringFile !== undefined) {
    const text = await readFlagFile(flags.connectionStringFile, options);
    return connectionOf(text, { ...options, name: '--connection-string-file', source: 'flag' });
  }
  if (flags.profile !== undefined) return { ...(await (await options.store()).connect(flags.profile)), source: 'flag' };
  const fromEnvironment = await readVariable(env, 'IOTCTL_CONNECTION_STRING');
  if (fromEnvironment !== undefined)
    return connectionOf(fromEnvironment, { ...options, name: 'environment', source: 'environment' });
  const profileName = await readVariable(env, 'IOTCTL_PROFILE');
  if (profileName !== undefined)
    return { ...(await (await options.store()).connect(profileName)), source: 'environment' };
  const store = await options.store();
  const selected = await store.selected();
  if (selected === undefined) throw new Failure('no-hub', 'no hub is chosen');
  return store.connect(selected);
}

/** `local` for hubs that are not at one of Azure's addresses. */
function kindOfHost(hostName: string): Connection['kind'] {
  return /\.azure-devices(-int|-provisioning)?\.(net|cn|us|de)$/i.test(hostName) ? 'cloud' : 'local';
}

export interface ConnectionOfOptions extends Pick<ResolveOptions, 'env' | 'parse'> {
  readonly name: string;
  readonly source: Connection['source'];
}

/** The connection that a connection string, or a hub's ready file, and the variables beside it describe. Failure: invalid-connection-string. */
export function connectionOf(text: string, options: ConnectionOfOptions): KeyConnection {
  const ready = parseReadyFile(text);
  const parts = options.parse(ready?.connectionString ?? text);
  const { env } = options;
  const serviceUrl = env['IOTCTL_SERVICE_URL'] ?? ready?.serviceUrl;
  const deviceUrl = env['IOTCTL_DEVICE_URL'] ?? ready?.deviceUrl;
  const amqpUrl = env['IOTCTL_AMQP_URL'] ?? ready?.amqpUrl;
  const caFile = env['IOTCTL_CA_FILE'] ?? ready?.caFile;
  return {
    name: options.name,
    kind: kindOfHost(parts.hostName),
    auth: 'key',
    ...parts,
    ...(filled(serviceUrl) && { serviceUrl }),
    ...(filled(deviceUrl) && { deviceUrl }),
    ...(filled(amqpUrl) && { amqpUrl }),
    ...(filled(caFile) && { caFile }),
    ...sizeOf(env),
    source: options.source,
    fromConnectionString: true,
  };
}

/** The size of a hub that no profile tells. Failure: invalid-value. */
function sizeOf(env: ConnectionOfOptions['env']): Pick<KeyConnection, 'tier' | 'units'> {
  const { IOTCTL_HUB_TIER: tierText, IOTCTL_HUB_UNITS: unitsText } = env;
  const tier = hubTiers.find((name) => name === tierText?.trim().toUpperCase());
  if (filled(tierText) && tier === undefined)
    throw new Failure('invalid-value', `IOTCTL_HUB_TIER: "${tierText}" is not one of ${hubTiers.join(', ')}`);
  if (filled(unitsText) && !/^[1-9]\d{0,3}$/.test(unitsText.trim()))
    throw new Failure('invalid-value', `IOTCTL_HUB_UNITS: "${unitsText}" is not a number of units`);
  return { ...(tier !== undefined && { tier }), ...(filled(unitsText) && { units: Number(unitsText) }) };
}

async function readVariable(env: ResolveOptions['env'], name: string): Promise<string | undefined> {
  const value = env[name];
  if (filled(value)) return value.trim();
  const file = env[`${name}_FILE`];
  return filled(file) ? readSecretFile(file, `${name}_FILE`) : undefined;
}

async function readFlagFile(path: string, options: ResolveOptions): Promise<string> {
  if (path === '-' && options.readStdin !== undefined) return (await options.readStdin()).trim();
  return readSecretFile(path, '--connection-string-file');
}

/** A secret in a file, without the white space around it. `from` names the flag or variable in failures. */
export async function readSecretFile(path: string, from: string): Promise<string> {
  const text = await readGivenText(path).catch((error: unknown) => {
    const failure = toFailure(error, path);
    throw new Failure(failure.code, `${from}: ${failure.message}`, { cause: error });
  });
  if (text.length > largestConnectionString)
    throw new Failure('invalid-connection-string', `${from}: ${path} is too large to be a connection string`);
  return text.trim();
}

function filled(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== '';
}
