import { Failure } from '../../../errors/index.ts';
import { changeTwins, splitTwinWords, twinChangeOptions } from '../../changes/change-twins.ts';
import { readDocument, splitDocuments } from '../../changes/read-document.ts';
import { defineCommand, listArg, textOption } from '../../define-command.ts';

export const command = defineCommand({
  name: 'twin set',
  summary: 'Set tags and desired properties.',
  description: `Sets tags and desired properties; what is not named stays as it is.

The words are DEVICE NAME=VALUE…: tags.site=north sets a tag,
desired.interval=5 or interval=5 a desired property, dots nest. Numbers, true,
false, null, {…} and […] are JSON; quotes make text (mode='"7"'). @FILE and -
(standard input) are JSON: {"tags": …, "desired": …}, or the desired
properties alone. With --where or --from no DEVICE is named. A null removes,
like twin unset. DEVICE/MODULE names a module.`,
  arguments: [
    { name: 'word', summary: 'DEVICE NAME=VALUE… | @FILE | -', required: true, variadic: true, complete: 'device' },
  ],
  options: twinChangeOptions,
  examples: [
    { run: 'iotctl twin set pump-001 interval=5 tags.site=north', explains: 'a desired property and a tag' },
    { run: "iotctl twin set 'pump-*' limits.pressure=8.5 --dry-run", explains: 'which devices it would be' },
    {
      run: 'iotctl twin set --where "tags.site = \'north\'" @settings.json --yes',
      explains: 'a file for a whole site',
    },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'document',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { changeOfWords } = await import('../../../fleet/twins/index.ts');
    const words = splitTwinWords(listArg(input, 'word'), input);
    const { plain, documents } = splitDocuments(words.change);
    if (documents.includes('-') && textOption(input, 'from') === '-') {
      throw new Failure('usage', 'standard input cannot be both the devices (--from -) and the change (-)');
    }
    const contents = await Promise.all(documents.map(async (word) => readDocument(context, word)));
    await changeTwins(context, input, words.devices, changeOfWords(plain, contents));
  },
});
