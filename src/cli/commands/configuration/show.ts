import { defineCommand, requiredArg } from '../../define-command.ts';
import { configurationView } from '../../views/configuration-view.ts';

export const command = defineCommand({
  name: 'configuration show',
  summary: 'Show a configuration with its metrics.',
  description: `Shows a configuration. A name that files use stands for its newest revision, as north for north-r2.`,
  arguments: [{ name: 'configuration', summary: 'id of the configuration', required: true }],
  examples: [
    { run: 'iotctl configuration show north', explains: 'content, target and counts' },
    { run: 'iotctl configuration show north -o json > north.json', explains: 'a file for configuration apply' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { findConfiguration } = await import('../../../fleet/configurations/index.ts');
    const name = requiredArg(input, 'configuration');
    const configuration = await findConfiguration(await context.hub(), name, context.signal);
    await context.output.document(configuration, configurationView);
  },
});
