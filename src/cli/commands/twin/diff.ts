import { Failure } from '../../../errors/index.ts';
import { defineCommand, optionalArg, requiredArg, switchOption } from '../../define-command.ts';
import { differenceView } from '../../views/twin-view.ts';

export const command = defineCommand({
  name: 'twin diff',
  summary: 'Compare two twins, or what one device should be with what it is.',
  description:
    'Compares tags, desired and reported properties of two devices; or, for one device, its desired properties with what it reports. What a device reports beside the desired properties is no difference.',
  arguments: [
    { name: 'device', summary: 'id of the device, or DEVICE/MODULE', required: true, complete: 'device' },
    { name: 'other', summary: 'id of another device or module', complete: 'device' },
  ],
  options: [{ name: 'exit-code', summary: 'end with 5 when there are differences' }],
  examples: [
    { run: 'iotctl twin diff pump-001', explains: 'desired properties the device does not report yet' },
    { run: 'iotctl twin diff pump-001 pump-002', explains: 'why two pumps behave differently' },
    { run: 'iotctl twin diff pump-001 --exit-code -o json', explains: 'a check in CI' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { compareDesired, compareTwins } = await import('../../../fleet/twins/index.ts');
    const hub = await context.hub();
    const device = requiredArg(input, 'device');
    const other = optionalArg(input, 'other');
    const differences =
      other === undefined
        ? await compareDesired(hub, device, context.signal)
        : await compareTwins(hub, device, other, context.signal);
    const view =
      other === undefined
        ? differenceView('desired', 'reported', `${device} reports all that is desired`)
        : differenceView(device, other, 'no differences');
    await context.output.list(differences, view);
    if (differences.length === 0 || !switchOption(input, 'exitCode')) return;
    throw new Failure('conflict', `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`, {
      details: { differences: differences.length },
    });
  },
});
