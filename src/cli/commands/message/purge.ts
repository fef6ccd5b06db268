import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand, listArg } from '../../define-command.ts';
import { queueArgument } from '../../options/message-flags.ts';
import { selectorOptions } from '../../options/selector.ts';
import { queueOutcomeView } from '../../views/message-view.ts';

const words = { infinitive: 'purge the messages of', done: 'purged', already: 'empty already' } as const;

export const command = defineCommand({
  name: 'message purge',
  summary: 'Remove all messages that wait for devices.',
  description: `Empties the queues of devices; messages that a device has not acknowledged yet are removed too. Senders that asked for it \
hear that their message was purged. It works on every hub. There is no way back.`,
  arguments: [queueArgument],
  options: [...selectorOptions, dryRunOption],
  examples: [
    { run: 'iotctl message purge truck-001', explains: 'one device, after a question' },
    { run: "iotctl message purge 'test-*' --yes", explains: 'without one' },
  ],
  exitCodes: [1, 3, 4, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { purgeQueues } = await import('../../../fleet/messages/index.ts');
    await changeDevices(context, input, {
      words,
      asksForOne: true,
      takesModules: true,
      ids: listArg(input, 'device'),
      view: queueOutcomeView(words),
      run: (hub, identities, concurrency) => purgeQueues(hub, identities, { concurrency, signal: context.signal }),
    });
  },
});
