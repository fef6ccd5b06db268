import { defineCommand, numberOption } from '../../define-command.ts';
import { limitOptions } from '../../options/tail-flags.ts';
import { uploadView } from '../../views/upload-view.ts';

export const command = defineCommand({
  name: 'tail uploads',
  summary: 'Read which files devices have uploaded.',
  description: `Takes the notices of finished uploads off the hub's queue as they come. A device tells the hub when an upload is over; \
one that failed, or that a device never spoke of again, has no notice.

Each notice is given to one reader alone and is gone afterwards: another program that reads the notices of this hub \
does not get what this command shows. It works the same on a hub in the cloud that has notices switched on.`,
  options: [...limitOptions('uploads')],
  examples: [
    { run: 'iotctl tail uploads', explains: 'until Ctrl-C' },
    {
      run: 'iotctl tail uploads --count 1 --timeout 1m -o json',
      explains: 'wait for a file; exit 124 when none comes',
    },
  ],
  exitCodes: [1, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  async run(context, input) {
    const { tailUploads } = await import('../../../fleet/uploads/index.ts');
    const hub = await context.hub();
    const { notes } = context;
    const notices = tailUploads(hub, context.clock, {
      count: numberOption(input, 'count'),
      timeout: numberOption(input, 'timeout'),
      signal: context.signal,
      onReady() {
        if (notes.isTTY) notes.info('waiting for uploads; Ctrl-C ends');
      },
      onLink(event) {
        if (event.kind === 'lost') notes.warn(`lost the hub: ${event.reason}; reconnecting…`);
        else notes.success(`back after ${(event.afterMs / 1_000).toFixed(1)} s`);
      },
    });
    await context.output.stream(notices, uploadView(context.clock.now()));
  },
});
