import type { ServedPart } from '../../../client/index.ts';
import type { Connection } from '../../../config/index.ts';
import { Failure } from '../../../errors/index.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, optionalArg, switchOption } from '../../define-command.ts';
import { signInBy } from '../../prompt/sign-in.ts';
import { profileView } from '../../views/profile-view.ts';

export const command = defineCommand({
  name: 'profile show',
  summary: 'Show a profile.',
  description:
    'Shows a profile, the selected one when none is named. The key is shown only with --show-secrets. With --probe the hub is asked what it serves.',
  arguments: [{ name: 'name', summary: 'name of the profile', complete: 'profile' }],
  options: [
    { name: 'show-secrets', summary: 'also show the connection string with its key' },
    { name: 'probe', summary: 'ask the hub what it serves' },
  ],
  examples: [
    { run: 'iotctl profile show', explains: 'the selected profile' },
    { run: 'iotctl profile show plant --probe', explains: 'and what its hub can do' },
    { run: 'iotctl profile show -o name', explains: 'its name, for a shell prompt' },
    { run: 'iotctl profile show plant --show-secrets --query connectionString', explains: 'for another tool' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  async run(context, input) {
    const profiles = await context.profiles();
    const selected = await profiles.selected();
    const name = optionalArg(input, 'name') ?? selected;
    if (name === undefined) throw new Failure('no-hub', 'no profile is selected');
    const profile = await profiles.get(name);
    const secretPlace = await profiles.placeOfSecret(name);
    const connectionString = switchOption(input, 'showSecrets') ? await connectionStringOf(name) : undefined;
    const parts = switchOption(input, 'probe') ? await partsOf(context, await profiles.connect(name)) : undefined;
    await context.output.document(
      { profile, selected: name === selected, secretPlace, connectionString, parts },
      profileView,
    );

    async function connectionStringOf(profileName: string): Promise<string> {
      const { formatConnectionString } = await import('../../../protocol/connection-string.ts');
      const connection = await profiles.connect(profileName);
      if (connection.auth === 'entra') {
        throw new Failure('unsupported', `profile ${profileName} signs in with Entra ID and has no connection string`);
      }
      const { hostName, sharedAccessKeyName, sharedAccessKey } = connection;
      return formatConnectionString({ hostName, sharedAccessKeyName, sharedAccessKey });
    }
  },
});

async function partsOf(context: CommandContext, connection: Connection): Promise<readonly ServedPart[]> {
  const { probeHub } = await import('../../../client/index.ts');
  const { clock, random, env, signal, notes } = context;
  const { parts, failure } = await probeHub(connection, { clock, random, env, ...signInBy(notes) }, signal);
  if (failure !== undefined) throw failure;
  return parts;
}
