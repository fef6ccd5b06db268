import { defineCommand, requiredArg } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';

export const command = defineCommand({
  name: 'rollout watch',
  summary: 'Watch a rollout live: waves, gates, failures, what happens.',
  description: `On a terminal, draws the rollout and keeps it up to date until it ends. On a pipe, or with -o lines, tells each change as it \
is seen, and now and then how far it has come. Ctrl-C stops the watching, never the rollout.`,
  arguments: [rolloutArgument],
  options: [
    {
      name: 'interval',
      type: 'duration',
      value: 'TIME',
      summary: 'time between two looks',
      default: 1_000,
      minimum: 200,
      maximum: 3_600_000,
    },
  ],
  examples: [
    { run: 'iotctl rollout watch pump-2', explains: 'the live picture' },
    { run: 'iotctl rollout watch pump-2 -o lines', explains: 'a line for each change' },
    { run: 'iotctl rollout watch pump-2 -o json | grep gate', explains: 'verdicts of gates as NDJSON' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'stream',
  formats: ['table', 'lines'],
  usesHub: true,
  async run(context, input) {
    const { watchRollout } = await import('../../rollout/watch-rollout.ts');
    await watchRollout(context, input, requiredArg(input, 'rollout'));
  },
});
