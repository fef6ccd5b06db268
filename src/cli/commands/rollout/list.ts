import { listRollouts } from '../../../fleet/rollout/records/index.ts';
import { defineCommand, switchOption } from '../../define-command.ts';
import { rolloutListView } from '../../views/rollout-view.ts';

export const command = defineCommand({
  name: 'rollout list',
  summary: 'List rollouts, how far each has come, and why one does not go on.',
  options: [{ name: 'open', summary: 'only those that have not ended' }],
  examples: [
    { run: 'iotctl rollout list', explains: 'all of them, the newest first' },
    { run: 'iotctl rollout list --open -o name', explains: 'what is under way, for a script' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { hasEnded } = await import('../../../fleet/rollout/operate/index.ts');
    const hub = await context.hub();
    const found = [];
    const onUnreadable = (id: string, { message }: Error): void => context.notes.warn(`${id}: ${message}`);
    for await (const rollout of listRollouts(hub.records, { signal: context.signal, onUnreadable }))
      found.push(rollout);
    const shown = switchOption(input, 'open') ? found.filter((rollout) => !hasEnded(rollout)) : found;
    const sorted = shown.toSorted((a, b) => (a.header.createdAt < b.header.createdAt ? 1 : -1));
    await context.output.list(sorted, rolloutListView(context.clock.now()));
  },
});
