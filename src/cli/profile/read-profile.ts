/** The profile that the words of `profile add` describe, and its secret. */
import { resolve } from 'node:path';
import {
  amqpWebSocketModes,
  connectionOf,
  credentialKinds,
  hubTiers,
  readSecretFile,
  type EntraProfile,
  type KeyConnection,
  type Profile,
} from '../../config/index.ts';
import { Failure, isFailure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';
import { choiceOption, numberOption, switchOption, textOption, type CommandInput } from '../define-command.ts';

export interface ProfileWithSecret {
  readonly profile: Profile;
  readonly secret: string | undefined;
  readonly storageUrl?: string | undefined;
}

/** Failures: usage, invalid-value, invalid-connection-string, input-required, file-not-found. */
export async function readProfile(
  context: CommandContext,
  name: string,
  input: CommandInput,
): Promise<ProfileWithSecret> {
  const file = textOption(input, 'storageUrlFile');
  const storageUrl = file === undefined ? undefined : await readStorageUrl(file);
  return { ...(await readAccess(context, name, input)), storageUrl };
}

async function readStorageUrl(file: string): Promise<string> {
  const flag = '--storage-url-file';
  const text = await readSecretFile(file, flag);
  const { checkStorageUrl } = await import('../../client/index.ts');
  await checkStorageUrl(text, flag);
  return text;
}

async function readAccess(context: CommandContext, name: string, input: CommandInput): Promise<ProfileWithSecret> {
  if (switchOption(input, 'entra')) return readEntraProfile(name, input);
  for (const flag of ['hub', 'credential', 'tenant', 'client-id', 'event-hub-connection-string-file']) {
    if (textOption(input, memberOf(flag)) === undefined) continue;
    throw new Failure('usage', `--${flag} goes with --entra; a connection string says the rest by itself`, {
      hint: `add --entra, or leave --${flag} out`,
    });
  }
  const given = await readConnection(context);
  const { auth, hostName, sharedAccessKeyName, sharedAccessKey } = given;
  const kind = choiceOption(input, 'kind', ['local', 'cloud']) ?? given.kind;
  const address = { name, kind, ...addressOf(given, input) };
  return { profile: { ...address, auth, hostName, sharedAccessKeyName }, secret: sharedAccessKey };
}

async function readEntraProfile(name: string, input: CommandInput): Promise<ProfileWithSecret> {
  const hostName = textOption(input, 'hub');
  if (hostName === undefined) {
    throw new Failure('usage', '--entra needs the name of the hub', { hint: 'add --hub NAME.azure-devices.net' });
  }
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(hostName)) {
    throw new Failure('invalid-value', `--hub is no host name: ${hostName}`, { hint: '--hub NAME.azure-devices.net' });
  }
  const tenantId = textOption(input, 'tenant');
  const clientId = textOption(input, 'clientId');
  const file = textOption(input, 'eventHubConnectionStringFile');
  const profile: EntraProfile = {
    name,
    kind: choiceOption(input, 'kind', ['local', 'cloud']) ?? 'cloud',
    auth: 'entra',
    hostName,
    credential: choiceOption(input, 'credential', credentialKinds) ?? 'default',
    ...(tenantId !== undefined && { tenantId }),
    ...(clientId !== undefined && { clientId }),
    ...addressOf({}, input),
  };
  return { profile, secret: file === undefined ? undefined : await readEventHubConnectionString(file) };
}

async function readEventHubConnectionString(file: string): Promise<string> {
  const text = await readSecretFile(file, '--event-hub-connection-string-file');
  const missing = ['Endpoint', 'SharedAccessKeyName', 'SharedAccessKey', 'EntityPath'].find(
    (part) => !new RegExp(`(^|;)\\s*${part}=[^;]`, 'i').test(text),
  );
  if (missing === undefined) return text;
  throw new Failure(
    'invalid-connection-string',
    `the connection string in ${file} has no ${missing}; it is not one of an Event Hubs-compatible endpoint`,
    { hint: 'az iot hub connection-string show --default-eventhub -n HUB -o tsv' },
  );
}

function addressOf(
  given: Partial<Pick<KeyConnection, 'serviceUrl' | 'deviceUrl' | 'amqpUrl' | 'caFile'>>,
  input: CommandInput,
): Omit<Profile, 'name' | 'kind' | 'hostName' | 'auth'> {
  const serviceUrl = textOption(input, 'serviceUrl') ?? given.serviceUrl;
  const deviceUrl = textOption(input, 'deviceUrl') ?? given.deviceUrl;
  const amqpUrl = textOption(input, 'amqpUrl') ?? given.amqpUrl;
  const amqpWebSockets = choiceOption(input, 'amqpWebsockets', amqpWebSocketModes);
  const caFile = textOption(input, 'caFile') ?? given.caFile;
  const tier = choiceOption(input, 'tier', hubTiers);
  const units = numberOption(input, 'units');
  const consumerGroup = textOption(input, 'consumerGroup');
  return {
    ...(serviceUrl !== undefined && { serviceUrl }),
    ...(deviceUrl !== undefined && { deviceUrl }),
    ...(amqpUrl !== undefined && { amqpUrl }),
    ...(amqpWebSockets !== undefined && { amqpWebSockets }),
    ...(caFile !== undefined && { caFile: resolve(caFile) }),
    ...(switchOption(input, 'protected') && { protected: true }),
    ...(tier !== undefined && { tier }),
    ...(units !== undefined && { units }),
    ...(consumerGroup !== undefined && { consumerGroup }),
  };
}

/** The frame resolves flag, environment and profile; only a connection string is of use here, else it is piped in or asked for. */
async function readConnection(context: CommandContext): Promise<KeyConnection> {
  const chosen = await context.connection().catch((error: unknown) => {
    if (isFailure(error, 'no-hub', 'profile-not-found', 'invalid-config')) return undefined;
    throw error;
  });
  if (chosen?.fromConnectionString === true && chosen.auth === 'key') return chosen;
  const text = context.prompt.available || context.stdin.isTTY ? await askFor(context) : await context.stdin.text();
  if (text.trim() === '') {
    throw new Failure('input-required', 'there is no connection string', {
      hint: 'pipe it in, or give --connection-string-file FILE',
    });
  }
  const { parsePolicyConnectionString: parse } = await import('../../protocol/connection-string.ts');
  return connectionOf(text, { name: 'standard input', source: 'flag', env: context.env, parse });
}

async function askFor(context: CommandContext): Promise<string> {
  return context.prompt.secret({
    message: 'Connection string of a policy of the hub:',
    flag: '--connection-string-file',
  });
}

/** The name of an option's value, `client-id` → `clientId`. */
function memberOf(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
