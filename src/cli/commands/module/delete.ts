import type { DeviceOutcome } from '../../../fleet/devices/index.ts';
import { dryRunOption } from '../../changes/change-devices.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { reportOutcomes } from '../../changes/report-outcomes.ts';
import { defineCommand, listArg, switchOption } from '../../define-command.ts';
import { outcomeView } from '../../views/outcome-view.ts';

const words = { infinitive: 'delete', done: 'deleted', already: 'gone already' } as const;

export const command = defineCommand({
  name: 'module delete',
  summary: 'Delete modules with their twins.',
  description: 'Deletes modules: they are disconnected, and their twins are gone.',
  arguments: [{ name: 'module', summary: 'DEVICE/MODULE', required: true, variadic: true, complete: 'device' }],
  options: [dryRunOption],
  examples: [{ run: 'iotctl module delete pump-001/camera', explains: 'asks first; --yes in scripts' }],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { deleteModules, parseModuleName } = await import('../../../fleet/modules/index.ts');
    const identities = listArg(input, 'module').map((text) => parseModuleName(text));
    const hub = await context.hub();
    const what = identities.length === 1 ? `module ${identities[0]}` : `${identities.length} modules`;
    if (switchOption(input, 'dryRun')) {
      // Read, so that a name that is not there is told now and not by the run in earnest.
      for (const identity of identities) await hub.modules.get(identity, context.signal);
      context.notes.info(`${what} would be deleted`);
      const planned = identities.map((deviceId): DeviceOutcome => ({ deviceId, result: 'planned' }));
      return context.output.list(planned, outcomeView(words));
    }
    await confirmChange(context, `Delete ${what} on ${hub.hostName}?`, true);
    await reportOutcomes(context, deleteModules(hub, identities, { concurrency: 8, signal: context.signal }), {
      words,
      total: identities.length,
    });
  },
});
