import { defineCommand } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { countOf, devicesText, notBegunStates } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout abort',
  summary: 'Give a rollout up: offers that no device has begun are withdrawn.',
  description: `Devices that have begun finish; those that are updated stay so (rollout revert brings them back). A rollout that was \
aborted cannot go on.`,
  arguments: [rolloutArgument],
  options: askOptions,
  examples: [
    { run: 'iotctl rollout abort pump-2', explains: 'after a question with the number of devices' },
    { run: 'iotctl rollout abort pump-2 --yes', explains: 'in a script' },
  ],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: () => ({ kind: 'abort' }),
      effect: (rollout) =>
        `abort ${rollout.id}, ${devicesText(countOf(rollout, notBegunStates))} not begun stay as they are`,
      asks: true,
      already: 'is being aborted already',
    }),
});
