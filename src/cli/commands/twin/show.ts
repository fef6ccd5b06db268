import { choiceOption, defineCommand, requiredArg } from '../../define-command.ts';
import { twinSections, twinView } from '../../views/twin-view.ts';

export const command = defineCommand({
  name: 'twin show',
  summary: 'Show the tags, desired and reported properties of a device.',
  description: 'Shows the twin of a device. JSON and YAML hold the whole document, with versions and metadata.',
  arguments: [{ name: 'device', summary: 'id of the device, or DEVICE/MODULE', required: true, complete: 'device' }],
  options: [
    {
      name: 'section',
      type: 'string',
      value: 'SECTION',
      summary: 'only one section, without metadata',
      choices: twinSections,
    },
  ],
  examples: [
    { run: 'iotctl twin show pump-001', explains: 'for a person' },
    {
      run: 'iotctl twin show pump-001 --section desired -o json > desired.json',
      explains: 'a file for twin set @desired.json',
    },
    { run: 'iotctl twin show pump-001/camera', explains: 'the twin of a module' },
    { run: "iotctl twin show pump-001 --query 'properties.reported.firmware'", explains: 'one value' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const twin = await hub.twins.get(requiredArg(input, 'device'), context.signal);
    await context.output.document(twin, twinView(choiceOption(input, 'section', twinSections)));
  },
});
