import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { rolloutArgument, waitExitCodes, waitOptions } from '../../rollout/arguments.ts';

export const command = defineCommand({
  name: 'rollout status',
  summary: 'Show how far a rollout has come; --wait follows it to its end.',
  description: `Shows the waves with the states of their devices, gates with what was measured, failures, and why a rollout does not \
go on.

With --wait the exit code is the outcome: 0 completed within its limits, 8 halted, aborted or reverted by its limits, 10 paused and \
needs a person, 124 --timeout is up, 130 interrupted. The rollout itself goes on in the last two.`,
  arguments: [rolloutArgument],
  options: waitOptions,
  examples: [
    { run: 'iotctl rollout status pump-2', explains: 'as it is now' },
    { run: 'iotctl rollout status pump-2 --wait --timeout 2h --report pump-2.xml', explains: 'in a pipeline' },
    { run: 'iotctl rollout status pump-2 -o json --query failuresByCode', explains: 'what failed, for a script' },
  ],
  exitCodes: waitExitCodes,
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { showOrWait } = await import('../../rollout/wait-for-rollout.ts');
    await showOrWait(context, input, requiredArg(input, 'rollout'), switchOption(input, 'wait'));
  },
});
