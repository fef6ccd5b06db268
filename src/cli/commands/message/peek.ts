import { defineCommand, numberOption } from '../../define-command.ts';
import { deadOption, queueArgument, readSelectedQueues } from '../../options/message-flags.ts';
import { selectorOptions } from '../../options/selector.ts';
import { queuedMessageView } from '../../views/message-view.ts';

export const command = defineCommand({
  name: 'message peek',
  summary: 'Show what the next messages for devices say.',
  description: `Shows the bodies of the messages that come next, without taking them from the device. JSON is shown as JSON, text as text, \
anything else as base64. Only iotctl's own hub lets anyone look.`,
  arguments: [queueArgument],
  options: [
    ...selectorOptions,
    deadOption,
    {
      name: 'count',
      type: 'integer',
      value: 'N',
      summary: 'so many of each device',
      default: 1,
      minimum: 1,
      maximum: 100,
    },
  ],
  examples: [
    { run: 'iotctl message peek truck-001', explains: 'the message that comes next' },
    { run: 'iotctl message peek truck-001 --count 50 --dead -o json', explains: 'everything that was not delivered' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const messages = await readSelectedQueues(context, input, { bodies: true, limit: numberOption(input, 'count') });
    await context.output.list(messages, queuedMessageView(context.clock.now(), true));
  },
});
