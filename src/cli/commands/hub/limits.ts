import { defineCommand } from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';
import { limitListView } from '../../views/limits-view.ts';

export const command = defineCommand({
  name: 'hub limits',
  summary: 'List what the hub on this machine takes and holds at the most.',
  description: `Lists every limit with its value at the hub that runs, or its default where none does: connections, what strangers may send and how long they \
may take, rates of devices, sizes, what waits for peers that do not read. hub start --limit and --limits change them. A star marks those that are not the default. \
docs/limits.md says why each is what it is.`,
  options: [dataOption],
  examples: [
    { run: 'iotctl hub limits', explains: 'all of them' },
    { run: 'iotctl hub limits -o wide', explains: 'with their bounds, and why they are what they are' },
    { run: "iotctl hub limits -o json --query '[?changed].name'", explains: 'which are not the default' },
  ],
  exitCodes: [1, 4, 143],
  output: 'rows',
  async run(context, input) {
    const { listLimits } = await import('../../../fleet/hub/index.ts');
    const dataDir = dataDirectory(context, input);
    const { running, limits } = await listLimits(dataDir);
    await context.output.list(limits, limitListView);
    if (!running) context.notes.info(`no hub runs on ${dataDir}: these are the defaults`);
  },
});
