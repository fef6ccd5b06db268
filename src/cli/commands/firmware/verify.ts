import { Failure } from '../../../errors/index.ts';
import { defineCommand, requiredArg, textOption } from '../../define-command.ts';
import { measureTold } from '../../firmware/measure.ts';
import { nameOfInput, readText } from '../../firmware/read-bytes.ts';
import { readTrustFlags, trustOptions } from '../../firmware/trust-flags.ts';
import { firmwareCheckView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware verify',
  summary: 'Check a signed manifest, and the file it describes, as a device does.',
  description: `Checks the form of a manifest, its signature, and with --file the size and the SHA-256 of the file. Exit 0 says that all \
of it fits; exit 1 that something does not, with the code by which a device would refuse it.`,
  arguments: [{ name: 'manifest', summary: 'signed manifest (- is standard input)', required: true, complete: 'file' }],
  options: [
    { name: 'file', type: 'string', value: 'FILE', summary: 'the firmware', complete: 'file' },
    ...trustOptions,
  ],
  examples: [
    {
      run: 'iotctl firmware verify pump-2.0.0.json --file pump.bin --trust release.trust.json',
      explains: 'manifest, signature and file',
    },
    {
      run: 'iotctl firmware show pump@2.0.0 -o json | iotctl firmware verify - --public-key release.pub',
      explains: 'what a hub has',
    },
  ],
  exitCodes: [1, 3, 4],
  output: 'rows',
  async run(context, input) {
    const { failureOf, readManifestJson, verifyFirmware } = await import('../../../fleet/firmware/index.ts');
    const manifest = requiredArg(input, 'manifest');
    const trust = await readTrustFlags(context, input);
    if (trust === undefined)
      throw new Failure('usage', 'nobody is trusted', { hint: 'add --trust FILE or --public-key FILE' });
    const where = nameOfInput(manifest);
    const document = readManifestJson(await readText(context, manifest), where);
    const path = textOption(input, 'file');
    await using file = path === undefined ? undefined : await measureTold(context, path);
    const checks = verifyFirmware(document, trust, file);
    await context.output.list(checks, firmwareCheckView);
    const failure = failureOf(checks, where);
    if (failure !== undefined) throw failure;
  },
});
