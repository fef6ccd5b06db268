import { defineCommand, numberOption, requiredArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'hub container',
  summary: 'Print an address of a blob container of the hub.',
  description: `Prints the address of one of the hub's own blob containers, with a signature that allows everything in it: what SDKs and \
az need for import and export jobs, and what every client of Azure Blob Storage understands. The container need not be made first. \
The address is a secret for as long as it holds.`,
  arguments: [
    {
      name: 'name',
      summary: '3 to 63 lower-case letters, digits and dashes; uploads is where devices write',
      required: true,
      complete: 'none',
    },
  ],
  options: [
    {
      name: 'lifetime',
      type: 'duration',
      value: 'TIME',
      summary: 'how long the address holds, at most 7d',
      default: '1h',
      minimum: 1_000,
      maximum: 7 * 86_400_000,
    },
  ],
  examples: [
    { run: 'iotctl hub container fleet', explains: 'for an hour' },
    {
      run: 'iotctl hub container uploads --lifetime 1d -o name',
      explains: 'the address alone, of what devices have uploaded',
    },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const seconds = Math.floor((numberOption(input, 'lifetime') ?? 3_600_000) / 1_000);
    const grant = await hub.containers.grant(requiredArg(input, 'name'), seconds, context.signal);
    await context.output.document(grant, {
      fields: ({ uri, expiresAt }) => [
        ['Address', uri],
        ['Holds until', expiresAt],
      ],
      json: (found) => found,
      name: ({ uri }) => uri,
    });
  },
});
