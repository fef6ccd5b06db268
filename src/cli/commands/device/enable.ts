import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand, listArg } from '../../define-command.ts';
import { selectorOptions } from '../../options/selector.ts';

export const command = defineCommand({
  name: 'device enable',
  summary: 'Let devices connect again.',
  description: 'Enables devices: they may connect again.',
  arguments: [{ name: 'device', summary: 'ids and globs', variadic: true, complete: 'device' }],
  options: [...selectorOptions, dryRunOption],
  examples: [
    { run: 'iotctl device enable pump-001', explains: 'one device may connect again' },
    {
      run: 'iotctl device enable --where "tags.site = \'north\'" --yes',
      explains: 'all of a site, without a question',
    },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { setStatus } = await import('../../../fleet/devices/index.ts');
    await changeDevices(context, input, {
      words: { infinitive: 'enable', done: 'enabled', already: 'enabled already' },
      asksForOne: false,
      ids: listArg(input, 'device'),
      run: (hub, deviceIds, concurrency) =>
        setStatus(hub, deviceIds, { status: 'enabled', concurrency, signal: context.signal }),
    });
  },
});
