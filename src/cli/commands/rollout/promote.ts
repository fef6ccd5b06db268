import { waveFor } from '../../../fleet/rollout/operate/index.ts';
import { defineCommand, numberOption } from '../../define-command.ts';
import { rolloutArgument, waveOption } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { nextWaveText } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout promote',
  summary: 'Open the next wave although the gate of this one did not pass.',
  description: `Overrules the gates of a wave; the audit says who did. The failure limit still holds.`,
  arguments: [rolloutArgument],
  options: [
    { ...waveOption, summary: 'whose gates are overruled, from 1; the one that is open when absent' },
    ...askOptions,
  ],
  examples: [
    { run: 'iotctl rollout promote pump-2', explains: 'after a question with the number of devices; --yes for none' },
  ],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  run: (context, input) =>
    ask(context, input, {
      wish: (rollout) => {
        const typed = numberOption(input, 'wave');
        return { kind: 'promote', wave: typed === undefined ? waveFor('promote', rollout) : typed - 1 };
      },
      effect: (rollout, wish) => {
        const wave = 'wave' in wish ? wish.wave : 0;
        const isLast = wave >= rollout.header.waveEnds.length - 1;
        return isLast
          ? `let the last wave of ${rollout.id} be over`
          : `open ${nextWaveText(rollout, wave + 1)} without its gate`;
      },
      asks: true,
      already: 'has this wave promoted already',
    }),
});
