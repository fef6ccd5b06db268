import { confirmChange } from '../../changes/confirm-change.ts';
import { reportOutcomes } from '../../changes/report-outcomes.ts';
import { defineCommand, listArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'module delete',
  summary: 'Delete modules with their twins.',
  description: 'Deletes modules: they are disconnected, and their twins are gone.',
  arguments: [{ name: 'module', summary: 'DEVICE/MODULE', required: true, variadic: true, complete: 'device' }],
  examples: [{ run: 'iotctl module delete pump-001/camera', explains: 'asks first; --yes in scripts' }],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { deleteModules, parseModuleName } = await import('../../../fleet/modules/index.ts');
    const identities = listArg(input, 'module').map((text) => parseModuleName(text));
    const hub = await context.hub();
    const what = identities.length === 1 ? `module ${identities[0]}` : `${identities.length} modules`;
    await confirmChange(context, `Delete ${what} on ${hub.hostName}?`, true);
    await reportOutcomes(context, deleteModules(hub, identities, { concurrency: 8, signal: context.signal }), {
      words: { infinitive: 'delete', done: 'deleted', already: 'gone already' },
      total: identities.length,
    });
  },
});
