import { Failure, isFailure } from '../../../errors/index.ts';
import type { Profile, ProfileStore } from '../../../config/index.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, requiredArg, switchOption, type CommandInput } from '../../define-command.ts';

export const command = defineCommand({
  name: 'profile add',
  summary: 'Add a hub, by its connection string or by Microsoft Entra ID.',
  description: `Adds a profile. The connection string of a policy comes from
--connection-string-file FILE (- is standard input), from
IOTCTL_CONNECTION_STRING, from a pipe, or from a question whose answer is not
shown; never from the command line, where other users and the shell's history
would see it. The key goes to the system's keychain where there is one, else
to a file only you can read.

With --entra no key is kept: each command signs in as the environment, the
workload identity, the Azure CLI or a code on another device says, in this
order, or as --credential says. Telemetry of such a hub needs the connection
string of its Event Hubs-compatible endpoint, which takes no such tokens.

A hub in the cloud keeps no firmware and no rollouts. --storage-url-file FILE
has the address of a storage container with a signature (rcwdl), and in a
second line one that only reads, which devices are given; both are secrets
and are kept like a key.`,
  arguments: [{ name: 'name', summary: 'name of the profile', required: true, complete: 'none' }],
  options: [
    { name: 'entra', summary: 'sign in with Microsoft Entra ID instead of a key' },
    { name: 'hub', type: 'string', value: 'HOST', summary: 'host name of the hub, with --entra' },
    {
      name: 'credential',
      type: 'string',
      value: 'KIND',
      summary: 'how to sign in, with --entra',
      choices: ['default', 'environment', 'workload-identity', 'cli', 'device-code'],
    },
    { name: 'tenant', type: 'string', value: 'ID', summary: 'tenant to sign in to, with --entra' },
    { name: 'client-id', type: 'string', value: 'ID', summary: 'application to sign in as, with --entra' },
    {
      name: 'event-hub-connection-string-file',
      type: 'string',
      value: 'FILE',
      summary: 'where telemetry is read, with --entra',
      complete: 'file',
    },
    {
      name: 'storage-url-file',
      type: 'string',
      value: 'FILE',
      summary: 'where a hub in the cloud has records and firmware: a container with its signature',
      complete: 'file',
    },
    {
      name: 'consumer-group',
      type: 'string',
      value: 'NAME',
      summary: 'consumer group to read telemetry with (default $Default)',
    },
    {
      name: 'tier',
      type: 'string',
      value: 'TIER',
      summary: 'size of the hub; bulk work keeps to its rate',
      choices: ['F1', 'B1', 'B2', 'B3', 'S1', 'S2', 'S3'],
    },
    {
      name: 'units',
      type: 'integer',
      value: 'N',
      summary: 'units of the tier (default 1)',
      minimum: 1,
      maximum: 10_000,
    },
    { name: 'service-url', type: 'string', value: 'URL', summary: 'service API when it is not https://HOSTNAME' },
    { name: 'device-url', type: 'string', value: 'URL', summary: 'where devices connect, mqtts://HOST:PORT' },
    { name: 'amqp-url', type: 'string', value: 'URL', summary: 'AMQP when it is not amqps://HOSTNAME:5671' },
    {
      name: 'amqp-websockets',
      type: 'string',
      value: 'WHEN',
      summary: 'AMQP over port 443: where 5671 is blocked, always or never',
      choices: ['auto', 'always', 'never'],
    },
    {
      name: 'ca-file',
      type: 'string',
      value: 'FILE',
      summary: "PEM file of the CA of the hub's certificate",
      complete: 'file',
    },
    {
      name: 'kind',
      type: 'string',
      value: 'KIND',
      summary: "cloud or iotctl's own hub, when the host name does not tell",
      choices: ['local', 'cloud'],
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
    {
      run: 'iotctl profile add plant --hub plant.azure-devices.net --entra --tier S2 --units 3',
      explains: 'without a key, as you are signed in',
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
  const { readProfile } = await import('../../profile/read-profile.ts');
  const { profile, secret, storageUrl } = await readProfile(context, name, input);
  const { checkAddresses } = await import('../../../client/index.ts');
  await checkAddresses(profile);
  // Read first: settings that cannot be understood stop it before anything is written.
  const selected = await profiles.selected();
  const saved = await profiles.save(profile, secret, { replace, storageUrl });
  context.notes.success(`profile ${name} is ${profile.hostName}, ${accessOf(profile, saved.secret)}`);
  if (profile.auth === 'entra' && secret === undefined) {
    context.notes.info('telemetry needs --event-hub-connection-string-file: that endpoint takes no tokens of Entra ID');
  }
  if (!switchOption(input, 'use') && selected !== undefined) return;
  await profiles.select(name);
  context.notes.success(`${name} is now selected`);
}

function accessOf(profile: Profile, secret: 'keychain' | 'file' | undefined): string {
  const place = secret === 'keychain' ? "the system's keychain" : 'a file only you can read';
  if (profile.auth === 'key') return `policy ${profile.sharedAccessKeyName}; its key is in ${place}`;
  const how = profile.credential === 'default' ? 'Entra ID' : `Entra ID (${profile.credential})`;
  return secret === undefined ? `by ${how}` : `by ${how}; the connection string for telemetry is in ${place}`;
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
