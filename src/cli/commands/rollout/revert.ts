import { defineCommand } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { countOf, devicesText, updatedStates } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout revert',
  summary: 'Give a rollout up and bring its devices back to what they ran.',
  description: `Each device that was updated is offered what it ran before, if the hub keeps that firmware and the device's release \
counter allows it; rollout status lists those that cannot return. Also after a rollout has completed or was aborted.`,
  arguments: [rolloutArgument],
  options: askOptions,
  examples: [{ run: 'iotctl rollout revert pump-2', explains: 'after a question with the number of devices' }],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: () => ({ kind: 'revert' }),
      effect: (rollout) =>
        `revert ${rollout.id}, ${devicesText(countOf(rollout, updatedStates))} return to what they ran before`,
      asks: true,
      already: 'is being reverted already',
    }),
});
