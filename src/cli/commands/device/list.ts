import { defineCommand, listArg, numberOption, textOption } from '../../define-command.ts';
import { whereOption } from '../../options/selector.ts';
import { deviceListView } from '../../views/device-view.ts';

export const command = defineCommand({
  name: 'device list',
  summary: 'List devices with status, connection, last activity and tags.',
  arguments: [
    { name: 'device', summary: 'ids and globs; all devices when there is none', variadic: true, complete: 'device' },
  ],
  options: [whereOption, { name: 'top', type: 'integer', value: 'N', summary: 'at most so many', minimum: 1 }],
  examples: [
    { run: 'iotctl device list', explains: 'all devices' },
    {
      run: "iotctl device list 'pump-*' --where \"connectionState = 'Disconnected'\"",
      explains: 'pumps that are away',
    },
    { run: 'iotctl device list -o name --where "tags.site = \'north\'"', explains: 'ids for another command' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const { listDevices } = await import('../../../fleet/devices/list-devices.ts');
    const globs = listArg(input, 'device');
    const where = textOption(input, 'where');
    const devices = listDevices(hub, {
      globs,
      where,
      top: numberOption(input, 'top'),
      signal: context.signal,
    });
    const asked = where === undefined ? globs : [...globs, `--where "${where}"`];
    await context.output.list(devices, deviceListView(context.clock.now(), asked));
  },
});
