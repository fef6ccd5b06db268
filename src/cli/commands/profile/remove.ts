import { Failure } from '../../../errors/index.ts';
import { defineCommand, requiredArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'profile remove',
  summary: 'Remove a profile and its key.',
  description: 'Removes a profile and its key from this machine. The hub itself is not touched.',
  arguments: [{ name: 'name', summary: 'name of the profile', required: true, complete: 'profile' }],
  examples: [
    { run: 'iotctl profile remove plant', explains: 'after a question' },
    { run: 'iotctl profile remove plant --yes', explains: 'without a question' },
  ],
  exitCodes: [1, 3, 4, 143],
  output: 'none',
  async run(context, input) {
    const name = requiredArg(input, 'name');
    const profiles = await context.profiles();
    const profile = await profiles.get(name);
    const wasSelected = (await profiles.selected()) === name;
    const message = `Remove profile ${name} (${profile.hostName}) and its key from this machine?`;
    if (!(await context.prompt.confirm({ message, protects: profile.protected === true && name }))) {
      throw new Failure('confirmation-missing', 'not confirmed; the profile stays', {
        hint: 'run it again and answer yes',
      });
    }
    await profiles.remove(name);
    context.notes.success(`profile ${name} is removed`);
    if (wasSelected) context.notes.warn('no profile is selected now; iotctl profile use NAME');
  },
});
