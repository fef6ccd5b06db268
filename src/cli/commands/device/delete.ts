import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand, listArg } from '../../define-command.ts';
import { selectorOptions } from '../../options/selector.ts';

export const command = defineCommand({
  name: 'device delete',
  summary: 'Delete devices with their twins.',
  description: 'Deletes devices with their twins and queued messages. Stored telemetry stays. There is no way back.',
  arguments: [{ name: 'device', summary: 'ids and globs', variadic: true, complete: 'device' }],
  options: [...selectorOptions, dryRunOption],
  examples: [
    { run: 'iotctl device delete pump-001', explains: 'one device, after a question' },
    { run: "iotctl device delete 'test-*' --dry-run", explains: 'which devices it would be' },
    { run: 'iotctl device delete --from retired.txt --yes', explains: 'a list of ids, without a question' },
  ],
  exitCodes: [1, 3, 4, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { deleteDevices } = await import('../../../fleet/devices/index.ts');
    await changeDevices(context, input, {
      words: { infinitive: 'delete', done: 'deleted', already: 'gone already' },
      asksForOne: true,
      ids: listArg(input, 'device'),
      run: (hub, deviceIds, concurrency) => deleteDevices(hub, deviceIds, { concurrency, signal: context.signal }),
    });
  },
});
