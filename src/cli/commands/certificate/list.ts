import { defineCommand } from '../../define-command.ts';
import { authorityListView } from '../../views/certificate-view.ts';

export const command = defineCommand({
  name: 'certificate list',
  summary: 'List the CA certificates of the hub.',
  examples: [{ run: 'iotctl certificate list', explains: 'which CAs devices may come with' }],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context) {
    const hub = await context.hub();
    await context.output.list(await hub.certificates.list(context.signal), authorityListView(context.clock.now()));
  },
});
