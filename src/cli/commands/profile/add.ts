import { resolve } from 'node:path';
import { Failure, isFailure } from '../../../errors/index.ts';
import type { Connection, Profile, ProfileStore } from '../../../config/index.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, requiredArg, switchOption, textOption, type CommandInput } from '../../define-command.ts';

export const command = defineCommand({
  name: 'profile add',
  summary: 'Add a hub by its connection string.',
  description: `Adds a profile. The connection string of a policy comes from
--connection-string-file FILE (- is standard input), from
IOTCTL_CONNECTION_STRING, from a pipe, or from a question whose answer is not
shown; never from the command line, where other users and the shell's history
would see it. The key goes to the system's keychain where there is one, else
to a file only you can read.`,
  arguments: [{ name: 'name', summary: 'name of the profile', required: true, complete: 'none' }],
  options: [
    { name: 'service-url', type: 'string', value: 'URL', summary: 'service API when it is not https://HOSTNAME' },
    { name: 'device-url', type: 'string', value: 'URL', summary: 'where devices connect, mqtts://HOST:PORT' },
    {
      name: 'ca-file',
      type: 'string',
      value: 'FILE',
      summary: "PEM file of the CA of the hub's certificate",
      complete: 'file',
    },
    { name: 'protected', summary: 'every change asks for the name of the profile first' },
    { name: 'use', summary: 'also select it' },
    { name: 'replace', summary: 'replace a profile of this name' },
  ],
  examples: [
    { run: 'iotctl profile add plant', explains: 'asks for the connection string' },
    { run: 'iotctl profile add plant --connection-string-file plant.txt --protected', explains: 'from a file' },
    {
      run: 'az iot hub connection-string show -n plant -o tsv | iotctl profile add plant --connection-string-file - --use',
      explains: 'from another program',
    },
  ],
  exitCodes: [1, 3, 4, 5, 143],
  output: 'none',
  run: add,
});

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const { profileNameProblem } = await import('../../../config/index.ts');
  const name = requiredArg(input, 'name');
  const problem = profileNameProblem(name);
  if (problem !== undefined) throw new Failure('invalid-value', problem);
  const profiles = await context.profiles();
  const replace = switchOption(input, 'replace');
  await checkPresent(context, await presentProfile(profiles, name), replace);
  const { sharedAccessKey, ...given } = await readConnection(context);
  const profile = profileOf(name, given, input);
  const { serviceUrlOf } = await import('../../../client/index.ts');
  serviceUrlOf(profile);
  // Read first: settings that cannot be understood stop it before anything is written.
  const selected = await profiles.selected();
  const { secret } = await profiles.save(profile, sharedAccessKey, { replace });
  const place = secret === 'keychain' ? "the system's keychain" : 'a file only you can read';
  context.notes.success(
    `profile ${name} is ${profile.hostName}, policy ${profile.sharedAccessKeyName}; its key is in ${place}`,
  );
  if (!switchOption(input, 'use') && selected !== undefined) return;
  await profiles.select(name);
  context.notes.success(`${name} is now selected`);
}

async function presentProfile(profiles: ProfileStore, name: string): Promise<Profile | undefined> {
  try {
    return await profiles.get(name);
  } catch (error) {
    if (isFailure(error, 'profile-not-found')) return undefined;
    throw error;
  }
}

async function checkPresent(context: CommandContext, present: Profile | undefined, replace: boolean): Promise<void> {
  if (present === undefined) return;
  const { name } = present;
  if (!replace) {
    throw new Failure('conflict', `profile ${name} exists already`, { hint: 'add --replace, or choose another name' });
  }
  if (present.protected !== true) return;
  if (await context.prompt.confirm({ message: `Replace profile ${name} (${present.hostName})?`, protects: name }))
    return;
  throw new Failure('confirmation-missing', 'not confirmed; the profile stays as it is', {
    hint: 'run it again and answer yes',
  });
}

function profileOf(name: string, given: Omit<Connection, 'sharedAccessKey'>, input: CommandInput): Profile {
  const serviceUrl = textOption(input, 'serviceUrl') ?? given.serviceUrl;
  const deviceUrl = textOption(input, 'deviceUrl') ?? given.deviceUrl;
  const caFile = textOption(input, 'caFile') ?? given.caFile;
  return {
    name,
    kind: given.kind,
    hostName: given.hostName,
    sharedAccessKeyName: given.sharedAccessKeyName,
    ...(serviceUrl !== undefined && { serviceUrl }),
    ...(deviceUrl !== undefined && { deviceUrl }),
    ...(caFile !== undefined && { caFile: resolve(caFile) }),
    ...(switchOption(input, 'protected') && { protected: true }),
  };
}

/** The frame resolves flag, environment and profile; only a connection string is of use here, else it is piped in or asked for. */
async function readConnection(context: CommandContext): Promise<Connection> {
  const chosen = await context.connection().catch((error: unknown) => {
    if (isFailure(error, 'no-hub', 'profile-not-found', 'invalid-config')) return undefined;
    throw error;
  });
  if (chosen?.fromConnectionString === true) return chosen;
  const text = context.prompt.available || context.stdin.isTTY ? await askFor(context) : await context.stdin.text();
  if (text.trim() === '') {
    throw new Failure('input-required', 'there is no connection string', {
      hint: 'pipe it in, or give --connection-string-file FILE',
    });
  }
  const { connectionOf } = await import('../../../config/index.ts');
  const { parsePolicyConnectionString: parse } = await import('../../../protocol/connection-string.ts');
  return connectionOf(text, { name: 'standard input', source: 'flag', env: context.env, parse });
}

async function askFor(context: CommandContext): Promise<string> {
  return context.prompt.secret({
    message: 'Connection string of a policy of the hub:',
    flag: '--connection-string-file',
  });
}
