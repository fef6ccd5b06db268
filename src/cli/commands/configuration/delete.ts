import { confirmChange } from '../../changes/confirm-change.ts';
import { defineCommand, emptyWord, listArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'configuration delete',
  summary: 'Delete configurations.',
  description: `Deletes configurations. Devices keep the settings that no other configuration makes otherwise; those of \
the next lower priority come into force. A name that files use stands for its newest revision, as north for north-r2.`,
  arguments: [{ name: 'configuration', summary: 'ids of configurations', required: true, variadic: true }],
  examples: [{ run: 'iotctl configuration delete north', explains: 'after a question; --yes for none' }],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'none',
  usesHub: true,
  async run(context, input) {
    const { findConfiguration } = await import('../../../fleet/configurations/index.ts');
    const hub = await context.hub();
    const names = listArg(input, 'configuration');
    if (names.includes('')) throw emptyWord('the id of a configuration');
    // All of them are looked at before the first goes: a mistyped one must not leave half of the work.
    const found = await Promise.all(names.map((name) => findConfiguration(hub, name, context.signal)));
    const what = found.map(
      ({ id, systemMetrics }) => `${id}, on ${systemMetrics.results['targetedCount'] ?? '?'} devices`,
    );
    await confirmChange(context, `Delete ${what.join('; ')} from ${hub.hostName}?`, true);
    for (const id of new Set(found.map((one) => one.id))) {
      await hub.configurations.delete(id, context.signal);
      context.notes.success(`${id} is deleted`);
    }
  },
});
