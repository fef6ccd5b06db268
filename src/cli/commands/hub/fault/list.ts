import { defineCommand } from '../../../define-command.ts';
import { faultView } from '../../../views/fault-view.ts';

export const command = defineCommand({
  name: 'hub fault list',
  summary: 'List the faults a hub makes, and how often each has struck.',
  examples: [{ run: 'iotctl hub fault list', explains: 'those that hold now' }],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context) {
    await context.output.list(await (await context.hub()).faults.list(context.signal), faultView(context.clock.now()));
  },
});
