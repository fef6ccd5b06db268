import { changeTwins, splitTwinWords, twinChangeOptions } from '../../changes/change-twins.ts';
import { defineCommand, listArg } from '../../define-command.ts';

export const command = defineCommand({
  name: 'twin unset',
  summary: 'Remove tags and desired properties.',
  description: `Removes tags and desired properties with all that is below them.

The words are DEVICE NAME…: tags.site is a tag, desired.interval or interval a
desired property. With --where or --from no DEVICE is named.`,
  arguments: [{ name: 'word', summary: 'DEVICE NAME…', required: true, variadic: true, complete: 'device' }],
  options: twinChangeOptions,
  examples: [
    { run: 'iotctl twin unset pump-001 tags.site interval', explains: 'a tag and a desired property' },
    { run: "iotctl twin unset 'pump-*' limits --dry-run", explains: 'which devices it would be' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'document',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { removalOfPaths } = await import('../../../fleet/twins/index.ts');
    const words = splitTwinWords(listArg(input, 'word'), input, 'twin unset');
    await changeTwins(context, input, words.devices, removalOfPaths(words.change));
  },
});
