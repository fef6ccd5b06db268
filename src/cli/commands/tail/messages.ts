import { defineCommand } from '../../define-command.ts';
import { fromOption } from '../../options/selector.ts';
import { checkTailDevices, limitOptions, readTailRequest, spanOptions } from '../../options/tail-flags.ts';
import { eventView } from '../../views/event-view.ts';

export const command = defineCommand({
  name: 'tail messages',
  summary: 'Follow messages to devices: queued, completed, returned, rejected, expired.',
  description: `Follows what happens to messages on their way to devices, whoever sent them and whether or not they asked \
for feedback. Nothing is taken off any queue.

Only iotctl's own hub tells this. On a hub in the cloud, send with --ack full and read the outcomes with \
"iotctl tail feedback".`,
  arguments: [
    { name: 'device', summary: 'ids and globs of devices; all when there is none', variadic: true, complete: 'device' },
  ],
  options: [
    { name: 'where', type: 'string', value: 'CONDITION', summary: 'only events for which this holds' },
    fromOption,
    ...spanOptions.filter(({ name }) => name !== 'consumer-group'),
    ...limitOptions('events'),
  ],
  examples: [
    { run: 'iotctl tail messages', explains: 'all devices, live' },
    {
      run: 'iotctl tail messages pump-001 --since 10m',
      explains: 'what became of the messages of the last ten minutes',
    },
    {
      run: 'iotctl tail messages --where "messageId = \'m-17\'" --since 1h',
      explains: 'the way of one message',
    },
  ],
  exitCodes: [1, 3, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  async run(context, input) {
    const { tailMessageEvents } = await import('../../../fleet/events/index.ts');
    const request = await readTailRequest(context, input, context.signal);
    const hub = await context.hub();
    await checkTailDevices(context, request);
    if (context.notes.isTTY && request.since === undefined) context.notes.info('waiting for messages; Ctrl-C ends');
    await context.output.stream(tailMessageEvents(hub, context.clock, request), eventView(context.clock.now()));
  },
});
