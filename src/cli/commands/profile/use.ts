import { defineCommand, requiredArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'profile use',
  summary: 'Select the hub that commands talk to.',
  arguments: [{ name: 'name', summary: 'name of the profile', required: true, complete: 'profile' }],
  examples: [
    { run: 'iotctl profile use plant', explains: 'until another is selected; --profile chooses for one command' },
  ],
  exitCodes: [1, 3, 4, 143],
  output: 'none',
  async run(context, input) {
    const name = requiredArg(input, 'name');
    const profiles = await context.profiles();
    const { hostName } = await profiles.get(name);
    await profiles.select(name);
    context.notes.success(`${name} is now selected (${hostName})`);
    const variable = [
      'IOTCTL_CONNECTION_STRING',
      'IOTCTL_CONNECTION_STRING_FILE',
      'IOTCTL_PROFILE',
      'IOTCTL_PROFILE_FILE',
    ].find((candidate) => (context.env[candidate] ?? '') !== '');
    if (variable !== undefined) context.notes.warn(`${variable} is set and wins over the selected profile`);
  },
});
