import { defineCommand, requiredArg } from '../../define-command.ts';
import { configurationView } from '../../views/configuration-view.ts';

export const command = defineCommand({
  name: 'configuration show',
  summary: 'Show a configuration with its metrics.',
  arguments: [{ name: 'configuration', summary: 'id of the configuration', required: true }],
  examples: [
    { run: 'iotctl configuration show north', explains: 'content, target and counts' },
    { run: 'iotctl configuration show north -o json > north.json', explains: 'a file for configuration apply' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const configuration = await hub.configurations.get(requiredArg(input, 'configuration'), context.signal);
    await context.output.document(configuration, configurationView);
  },
});
