import { fileArgument, readPlans } from '../../configurations/read-plans.ts';
import { defineCommand } from '../../define-command.ts';
import { planRows, planView } from '../../views/configuration-view.ts';

export const command = defineCommand({
  name: 'configuration plan',
  summary: 'Show what configuration apply would change.',
  arguments: [fileArgument],
  examples: [{ run: 'iotctl configuration plan site.json', explains: 'the differences between the file and the hub' }],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    await context.output.list(planRows(await readPlans(context, input)), planView);
  },
});
