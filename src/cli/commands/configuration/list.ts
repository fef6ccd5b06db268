import { defineCommand } from '../../define-command.ts';
import { configurationListView } from '../../views/configuration-view.ts';

export const command = defineCommand({
  name: 'configuration list',
  summary: 'List configurations with how many devices they target and are applied to.',
  examples: [
    { run: 'iotctl configuration list', explains: 'the highest priority first' },
    { run: 'iotctl configuration list -o wide', explains: 'with their own metrics' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context) {
    const all = await (await context.hub()).configurations.list(context.signal);
    const sorted = all.toSorted((a, b) => b.priority - a.priority || (a.createdTimeUtc < b.createdTimeUtc ? 1 : -1));
    await context.output.list(sorted, configurationListView);
  },
});
