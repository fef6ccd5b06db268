import { waveFor } from '../../../fleet/rollout/operate/index.ts';
import { defineCommand, numberOption } from '../../define-command.ts';
import { rolloutArgument, waveOption } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { nextWaveText } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout approve',
  summary: 'Let a wave open that waits for a person.',
  arguments: [rolloutArgument],
  options: [waveOption, ...askOptions],
  examples: [
    { run: 'iotctl rollout approve pump-2', explains: 'the wave that waits' },
    { run: 'iotctl rollout approve pump-2 --wave 4', explains: 'one that will come, in advance' },
  ],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: (rollout) => {
        const typed = numberOption(input, 'wave');
        return { kind: 'approve', wave: typed === undefined ? waveFor('approve', rollout) : typed - 1 };
      },
      effect: (rollout, wish) => `approve ${nextWaveText(rollout, 'wave' in wish ? wish.wave : 0)}`,
      asks: false,
      already: 'has this approval already',
    }),
});
