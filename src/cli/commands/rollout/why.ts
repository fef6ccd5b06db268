import { Failure } from '../../../errors/index.ts';
import { defineCommand, requiredArg } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { whyView } from '../../views/why-view.ts';

export const command = defineCommand({
  name: 'rollout why',
  summary: 'Say why a device of a rollout stands where it does, and what helps.',
  description: `Says its wave and state, what it waits for and until when, what failed last in the words of the controller and its own, what \
happens next by itself, and what a person could do.`,
  arguments: [rolloutArgument, { name: 'device', summary: 'id of the device', required: true, complete: 'device' }],
  examples: [
    { run: 'iotctl rollout why pump-2 pump-017', explains: 'one device' },
    { run: 'iotctl rollout why pump-2 pump-017 -o json --query waitsFor', explains: 'what it waits for, for a script' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { findWhy } = await import('../../../fleet/rollout/operate/index.ts');
    const { clock, signal } = context;
    const deviceId = requiredArg(input, 'device');
    const why = await findWhy(await context.hub(), requiredArg(input, 'rollout'), deviceId, {
      now: clock.now(),
      signal,
    });
    await context.output.document(why, whyView(clock.now()));
    if (why.explanation.place === undefined)
      throw new Failure('not-found', `device "${deviceId}" is no part of rollout ${why.rollout.id}`);
  },
});
