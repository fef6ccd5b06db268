import { defineCommand, numberOption } from '../../define-command.ts';
import { limitOptions } from '../../options/tail-flags.ts';
import { feedbackView } from '../../views/event-view.ts';

export const command = defineCommand({
  name: 'tail feedback',
  summary: 'Read what became of messages whose senders asked.',
  description: `Takes feedback records off the hub's queue as they come: one for each message that was sent with --ack and \
was completed, rejected, purged, or was not delivered in time. A hub gives them out in batches, some seconds late.

Each record is given to one reader alone and is gone afterwards: another program that reads the feedback of this hub \
does not get what this command shows. It works the same on a hub in the cloud.`,
  options: [...limitOptions('records')],
  examples: [
    { run: 'iotctl tail feedback', explains: 'until Ctrl-C' },
    {
      run: 'iotctl tail feedback --count 1 --timeout 1m -o json',
      explains: 'wait for the outcome of a message; exit 124 when none comes',
    },
  ],
  exitCodes: [1, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  async run(context, input) {
    const { tailFeedback } = await import('../../../fleet/events/index.ts');
    const hub = await context.hub();
    const { notes } = context;
    const records = tailFeedback(hub, context.clock, {
      count: numberOption(input, 'count'),
      timeout: numberOption(input, 'timeout'),
      signal: context.signal,
      onReady() {
        if (notes.isTTY) notes.info('waiting for feedback; Ctrl-C ends');
      },
      onLink(event) {
        if (event.kind === 'lost') notes.warn(`lost the hub: ${event.reason}; reconnecting…`);
        else notes.success(`back after ${(event.afterMs / 1_000).toFixed(1)} s`);
      },
    });
    await context.output.stream(records, feedbackView);
  },
});
