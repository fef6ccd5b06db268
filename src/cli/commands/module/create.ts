import { reportOutcomes } from '../../changes/report-outcomes.ts';
import { defineCommand, listArg, textOption } from '../../define-command.ts';

export const command = defineCommand({
  name: 'module create',
  summary: 'Give devices modules, each with keys and a twin of its own.',
  description:
    'Creates modules. A module is a part of a device with an identity, a connection and a twin of its own; a device has at most 50.',
  arguments: [{ name: 'module', summary: 'DEVICE/MODULE', required: true, variadic: true, complete: 'device' }],
  options: [{ name: 'managed-by', type: 'string', value: 'NAME', summary: 'who looks after the modules' }],
  examples: [
    { run: 'iotctl module create pump-001/camera', explains: 'one module' },
    { run: 'iotctl module create pump-001/camera pump-001/meter', explains: 'two of the same device' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { createModules, parseModuleName } = await import('../../../fleet/modules/index.ts');
    const identities = listArg(input, 'module').map((text) => parseModuleName(text));
    const hub = await context.hub();
    const options = { concurrency: 8, managedBy: textOption(input, 'managedBy'), signal: context.signal };
    await reportOutcomes(context, createModules(hub, identities, options), {
      words: { infinitive: 'create', done: 'created', already: 'there already' },
      total: identities.length,
    });
  },
});
