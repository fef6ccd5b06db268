import { deviceStates } from '../../../fleet/rollout/model/observed.ts';
import { defineCommand, listOption, numberOption, requiredArg, switchOption } from '../../define-command.ts';
import { rolloutArgument, waveOption } from '../../rollout/arguments.ts';
import { deviceStandingView } from '../../views/rollout-device-view.ts';
import { rolloutView } from '../../views/rollout-view.ts';
import { failedStates } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout show',
  summary: 'Show what a rollout was made of, or how each of its devices stands.',
  description: `Shows firmware, target, policy and plan with every setting. With --devices, reads the twins and gives a row for each device; \
--failed, --state and --wave narrow these.`,
  arguments: [rolloutArgument],
  options: [
    { name: 'devices', summary: 'a row for each device instead of the rollout' },
    { name: 'failed', summary: 'only devices that count as failures' },
    {
      name: 'state',
      type: 'string',
      value: 'STATE',
      summary: 'only devices in this state',
      choices: deviceStates,
      repeatable: true,
    },
    { ...waveOption, summary: 'only devices of this wave, from 1' },
  ],
  examples: [
    { run: 'iotctl rollout show pump-2', explains: 'every setting, those by default too' },
    { run: 'iotctl rollout show pump-2 --devices --failed', explains: 'what failed, and why' },
    { run: 'iotctl rollout show pump-2 --devices --state lost -o name', explains: 'ids, for another command' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { readRollout, readStandings } = await import('../../../fleet/rollout/operate/index.ts');
    const hub = await context.hub();
    const rollout = await readRollout(hub.records, requiredArg(input, 'rollout'), context.signal);
    const failed = switchOption(input, 'failed');
    const states = listOption(input, 'state');
    const wave = numberOption(input, 'wave');
    const narrows = failed || states.length > 0 || wave !== undefined;
    if (!narrows && !switchOption(input, 'devices')) return context.output.document(rollout, rolloutView);
    const { clock, signal } = context;
    const standings = await readStandings(hub, rollout, { now: clock.now(), signal });
    const shown = standings.filter(
      (device) =>
        (!failed || failedStates.includes(device.state)) &&
        (states.length === 0 || states.includes(device.state)) &&
        (wave === undefined || device.wave === wave - 1),
    );
    await context.output.list(shown, deviceStandingView);
  },
});
