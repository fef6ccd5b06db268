import { defineCommand } from '../../define-command.ts';
import { deadOption, queueArgument, readSelectedQueues } from '../../options/message-flags.ts';
import { selectorOptions } from '../../options/selector.ts';
import { queuedMessageView } from '../../views/message-view.ts';

export const command = defineCommand({
  name: 'message list',
  summary: 'Show the messages that wait for devices.',
  description: `Shows what is in the queues of devices, oldest first, without taking anything: messages that wait, and those that are on \
their way (locked). --dead shows those that were not delivered: expired, rejected by the device, or given back ten times. A queue \
keeps its last 50 of these.

Only iotctl's own hub lets anyone look; on a hub in the cloud, device show says how many wait.`,
  arguments: [queueArgument],
  options: [...selectorOptions, deadOption],
  examples: [
    { run: 'iotctl message list truck-001', explains: 'what waits for one device' },
    { run: "iotctl message list 'truck-*' --dead -o json", explains: 'what a fleet did not get, and why' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    await context.output.list(
      await readSelectedQueues(context, input, { bodies: false }),
      queuedMessageView(context.clock.now(), false),
    );
  },
});
