import { defineCommand, requiredArg } from '../../define-command.ts';
import { readReleaseWord } from '../../firmware/release-word.ts';
import { firmwareView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware show',
  summary: 'Show a firmware of the hub.',
  arguments: [{ name: 'release', summary: 'its name and version, as in pump@2.0.0', required: true }],
  examples: [
    { run: 'iotctl firmware show pump@2.0.0', explains: 'what it is for, and whether its file and signature are good' },
    { run: 'iotctl firmware show pump@2.0.0 -o json', explains: 'the signed manifest' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { showFirmware } = await import('../../../fleet/firmware/index.ts');
    const release = await readReleaseWord(requiredArg(input, 'release'));
    const shown = await showFirmware(await context.hub(), release, context.signal);
    await context.output.document(shown, firmwareView);
  },
});
