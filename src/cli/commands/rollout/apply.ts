import { defineCommand, requiredArg } from '../../define-command.ts';
import { allowCommandsOption, waitExitCodes, waitOptions } from '../../rollout/arguments.ts';

export const command = defineCommand({
  name: 'rollout apply',
  summary: 'Do what a plan file says, or go on with it.',
  description: `The same as rollout create with a plan file: begins the rollout, attaches to it when it is there already, and refuses with exit \
code 5 when anything is not as it was planned.`,
  arguments: [
    {
      name: 'plan',
      summary: 'file that rollout plan has written; - is standard input',
      required: true,
      complete: 'file',
    },
  ],
  options: [{ name: 'dry-run', summary: 'only show the plan' }, ...waitOptions, allowCommandsOption],
  examples: [
    { run: 'iotctl rollout apply pump-2.plan.json', explains: 'a controller drives it' },
    { run: 'iotctl rollout apply pump-2.plan.json --wait', explains: 'the exit code is the outcome' },
  ],
  exitCodes: waitExitCodes,
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { beginRollout } = await import('../../rollout/begin-rollout.ts');
    await beginRollout(context, input, requiredArg(input, 'plan'));
  },
});
