import { defineCommand } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { devicesText } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout pause',
  summary: 'Stop offering the firmware; devices under way finish.',
  arguments: [rolloutArgument],
  options: askOptions,
  examples: [{ run: 'iotctl rollout pause pump-2', explains: 'no device is offered anything until rollout resume' }],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: () => ({ kind: 'pause' }),
      effect: ({ id, state }) => `pause ${id}, ${devicesText(state?.summary.inProgress ?? 0)} under way finish`,
      asks: false,
      already: 'is paused already',
    }),
});
