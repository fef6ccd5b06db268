import { defineCommand, switchOption, textOption } from '../../define-command.ts';

export const command = defineCommand({
  name: 'controller run',
  summary: 'Drive the rollouts of a hub from here.',
  description: `Drives the rollouts of a hub until Ctrl-C: offers firmware wave by wave, measures gates, keeps the limits. A hub that iotctl \
hub start runs drives its own; one in the cloud needs this somewhere, as a service or in a pipeline.

Everything it knows is at the hub, so it can be stopped, killed and started elsewhere at any time. Several may run: one drives each \
rollout, and another takes over when that one stops, or 15 seconds after it has fallen silent. Ctrl-C hands over at once and stops no rollout.`,
  options: [
    {
      name: 'rollout',
      type: 'string',
      value: 'ID',
      summary: 'drive this one alone; otherwise all that go on, and new ones as they come',
      complete: 'rollout',
    },
    { name: 'until-done', summary: 'end when every rollout has ended, instead of waiting for the next' },
    {
      name: 'allow-commands',
      summary: 'run the programs that gates of rollouts name; whoever may write to the hub chooses them',
    },
  ],
  examples: [
    { run: 'iotctl controller run', explains: 'all rollouts of the hub, until Ctrl-C' },
    { run: 'iotctl controller run --rollout pump-2 --until-done', explains: 'one of them, to its end' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'none',
  usesHub: true,
  async run(context, input) {
    const { runHere } = await import('../../rollout/run-controller.ts');
    await runHere(context, {
      rolloutId: textOption(input, 'rollout'),
      untilIdle: switchOption(input, 'untilDone'),
      allowCommands: switchOption(input, 'allowCommands'),
      signal: context.signal,
    });
  },
});
