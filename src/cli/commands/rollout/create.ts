import { defineCommand, optionalArg } from '../../define-command.ts';
import { allowCommandsOption, waitExitCodes, waitOptions } from '../../rollout/arguments.ts';
import { specOptions } from '../../rollout/read-spec.ts';

export const command = defineCommand({
  name: 'rollout create',
  summary: 'Begin a rollout, by a plan file or by a specification.',
  description: `Begins what a plan file says, and refuses with exit code 5 when the fleet, the firmware or the plan is not what it was when the \
plan was made. With -f or flags it plans first and asks with the number of devices.

The same rollout again attaches to the one that is there; another one under its id is a conflict (exit 5). A controller drives it: \
that of iotctl's own hub, iotctl controller run, or this command while it waits. With --wait the exit code is the outcome, as of \
rollout status.`,
  arguments: [{ name: 'plan', summary: 'file that rollout plan has written; - is standard input', complete: 'file' }],
  options: [...specOptions, { name: 'dry-run', summary: 'only show the plan' }, ...waitOptions, allowCommandsOption],
  examples: [
    {
      run: 'iotctl rollout create pump-2.plan.json --wait --timeout 4h',
      explains: 'exactly this plan, followed to its end',
    },
    {
      run: 'iotctl rollout create -f pump-2.yaml --yes --wait --report pump-2.xml',
      explains: 'plan and begin, in a pipeline',
    },
    {
      run: 'iotctl rollout create --firmware pump@2.1.0 --where "tags.site = \'north\'" --waves 5,10%,100%',
      explains: 'by flags, after a question',
    },
  ],
  exitCodes: waitExitCodes,
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { beginRollout } = await import('../../rollout/begin-rollout.ts');
    await beginRollout(context, input, optionalArg(input, 'plan'));
  },
});
