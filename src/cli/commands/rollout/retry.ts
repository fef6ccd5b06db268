import { Failure } from '../../../errors/index.ts';
import { defineCommand, listArg, switchOption } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { ask, askExitCodes, askOptions } from '../../rollout/ask-rollout.ts';
import { devicesText } from '../../views/rollout-words.ts';

export const command = defineCommand({
  name: 'rollout retry',
  summary: 'Try devices again whose tries are used up.',
  description: `Offers the firmware once more to devices that failed, went back, were rejected, lost or unreached, whatever the policy says of \
retries. Its other limits still hold.`,
  arguments: [
    { ...rolloutArgument },
    { name: 'device', summary: 'ids of devices', variadic: true, complete: 'device' },
  ],
  options: [{ name: 'failed', summary: 'all devices that count as failures' }, ...askOptions],
  examples: [
    { run: 'iotctl rollout retry pump-2 pump-017', explains: 'one device' },
    { run: 'iotctl rollout retry pump-2 --failed', explains: 'all that failed, after a question with their number' },
  ],
  exitCodes: askExitCodes,
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { findRetries } = await import('../../../fleet/rollout/operate/index.ts');
    const words = listArg(input, 'device');
    const failed = switchOption(input, 'failed');
    if (words.length > 0 === failed)
      throw new Failure('usage', 'which devices shall be tried again?', {
        hint: 'name devices, or give --failed alone',
      });
    const { clock, signal } = context;
    await ask(context, input, {
      wish: async (rollout, hub) => ({
        kind: 'retry',
        devices: await findRetries(hub, rollout, failed ? 'failed' : words, { now: clock.now(), signal }),
      }),
      effect: ({ id }, wish) => `try ${devicesText(wish.kind === 'retry' ? wish.devices.length : 0)} of ${id} again`,
      asks: failed,
      already: 'tries these again already',
    });
  },
});
