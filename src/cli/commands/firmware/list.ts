import { defineCommand } from '../../define-command.ts';
import { firmwareListView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware list',
  summary: 'List the firmware of the hub.',
  examples: [
    { run: 'iotctl firmware list', explains: 'the newest version of each name first' },
    { run: 'iotctl firmware list -o wide', explains: 'with digests, keys and where the files are' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context) {
    const { byRelease, listFirmware } = await import('../../../fleet/firmware/index.ts');
    const hub = await context.hub();
    const { signal, notes } = context;
    const found = await Array.fromAsync(
      listFirmware(hub.records, { signal, onUnreadable: ({ message }) => notes.warn(message) }),
    );
    await context.output.list(found.toSorted(byRelease), firmwareListView(context.clock.now()));
  },
});
