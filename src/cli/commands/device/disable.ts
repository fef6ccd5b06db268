import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand, listArg, textOption } from '../../define-command.ts';
import { selectorOptions } from '../../options/selector.ts';

export const command = defineCommand({
  name: 'device disable',
  summary: 'Disconnect devices and refuse them.',
  description:
    'Disables devices: they are disconnected, and refused until they are enabled again. Their twins and history stay.',
  arguments: [{ name: 'device', summary: 'ids and globs', variadic: true, complete: 'device' }],
  options: [
    ...selectorOptions,
    { name: 'reason', type: 'string', value: 'TEXT', summary: 'kept with the device, at most 128 characters' },
    dryRunOption,
  ],
  examples: [
    {
      run: "iotctl device disable pump-001 --reason 'stolen'",
      explains: 'one device is cut off, with a reason others see',
    },
    { run: "iotctl device disable 'test-*' --dry-run", explains: 'which devices it would be' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { setStatus } = await import('../../../fleet/devices/index.ts');
    await changeDevices(context, input, {
      words: { infinitive: 'disable', done: 'disabled', already: 'disabled already' },
      asksForOne: false,
      ids: listArg(input, 'device'),
      run: (hub, deviceIds, concurrency) =>
        setStatus(hub, deviceIds, {
          status: 'disabled',
          reason: textOption(input, 'reason'),
          concurrency,
          signal: context.signal,
        }),
    });
  },
});
