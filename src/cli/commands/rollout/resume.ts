import { defineCommand } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';

export const command = defineCommand({
  name: 'rollout resume',
  summary: 'Let a rollout go on after a pause or a halt.',
  description: `After a halt by the failure limit, what has failed so far no longer counts against it. After a gate that failed, it is \
measured again.`,
  arguments: [rolloutArgument],
  options: askOptions,
  examples: [{ run: 'iotctl rollout resume pump-2', explains: 'go on where it stopped' }],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: () => ({ kind: 'resume' }),
      effect: ({ id, state }) => {
        const failures = state?.halt?.kind === 'failure-limit' ? state.summary.failures : 0;
        return failures === 0 ? `resume ${id}` : `resume ${id} and forgive ${failures} failures`;
      },
      asks: false,
      already: 'goes on already',
    }),
});
