import { defineCommand, optionalArg, textOption } from '../../define-command.ts';
import { moduleListView } from '../../views/module-view.ts';

export const command = defineCommand({
  name: 'module list',
  summary: 'List modules, of one device or of all.',
  arguments: [{ name: 'device', summary: 'id of a device; all devices when it is left out', complete: 'device' }],
  options: [
    {
      name: 'where',
      type: 'string',
      value: 'CONDITION',
      summary: 'only modules for which this holds, as in "moduleId = \'camera\'" (IoT Hub query language)',
    },
  ],
  examples: [
    { run: 'iotctl module list pump-001', explains: 'the modules of one device' },
    { run: 'iotctl module list --where "connectionState = \'Disconnected\'"', explains: 'modules that are away' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const { listModules } = await import('../../../fleet/modules/index.ts');
    const [deviceId, where] = [optionalArg(input, 'device'), textOption(input, 'where')];
    await context.output.list(
      listModules(hub, { deviceId, where, signal: context.signal }),
      moduleListView(context.clock.now()),
    );
  },
});
