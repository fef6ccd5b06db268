import { Failure } from '../../../errors/index.ts';
import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand, listArg, listOption } from '../../define-command.ts';
import { queueArgument } from '../../options/message-flags.ts';
import { selectorOptions } from '../../options/selector.ts';
import { queueOutcomeView } from '../../views/message-view.ts';

const words = { infinitive: 'requeue', done: 'requeued', already: 'no dead messages' } as const;

export const command = defineCommand({
  name: 'message requeue',
  summary: 'Send messages that were not delivered once more.',
  description: `Puts dead messages back into the queues of their devices, as new ones with an hour to live and nothing counted. Without \
--number all of a device, as far as its queue has room. Only iotctl's own hub can.`,
  arguments: [queueArgument],
  options: [
    ...selectorOptions,
    {
      name: 'number',
      type: 'integer',
      value: 'N',
      summary: 'only the one with this number; again for more',
      repeatable: true,
      minimum: 1,
    },
    dryRunOption,
  ],
  examples: [
    { run: 'iotctl message requeue truck-001', explains: 'everything one device did not get' },
    { run: 'iotctl message requeue truck-001 --number 12 --number 15', explains: 'two of them' },
  ],
  exitCodes: [1, 3, 4, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { requeueMessages } = await import('../../../fleet/messages/index.ts');
    const numbers = listOption(input, 'number').map(Number);
    const ids = listArg(input, 'device');
    if (numbers.length > 0 && ids.length !== 1)
      throw new Failure('usage', '--number needs one device: numbers are counted for each');
    await changeDevices(context, input, {
      words,
      asksForOne: false,
      takesModules: true,
      ids,
      view: queueOutcomeView(words),
      run: (hub, identities, concurrency) =>
        requeueMessages(hub, identities, {
          concurrency,
          sequenceNumbers: numbers.length === 0 ? undefined : numbers,
          signal: context.signal,
        }),
    });
  },
});
