import { defineCommand, requiredArg, textOption } from '../../define-command.ts';
import { measureTold } from '../../firmware/measure.ts';
import { manifestFromFlags, signFromFlags } from '../../firmware/signed-manifest.ts';
import { keyOption } from '../../firmware/signing-key.ts';
import { signedView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware sign',
  summary: 'Describe a firmware file by a signed manifest.',
  description: `Reads the file for its size and SHA-256 and writes a manifest that is signed with Ed25519. Nothing is sent anywhere.

The release counter is what a device compares: it never goes below that of a release it has run, whatever the versions say. Without \
--release-counter it is the day, counted from 1970, so that there is no way back to a release of an earlier day. --back-to MANIFEST leaves \
the way back to that release open, by taking its counter; rollouts that revert need that.

A key that is in a device of its own (HSM, KMS) signs in two steps: --payload writes the exact bytes to sign; with --signature and \
--public-key the same payload and what was made of it become the manifest. A signature is 64 raw bytes, base64 or hexadecimal.`,
  arguments: [
    { name: 'file', summary: 'the firmware', required: true, complete: 'file' },
    { name: 'release', summary: 'its name and version, as in pump@2.0.0' },
  ],
  options: [
    { name: 'hardware', type: 'string', value: 'MODEL', repeatable: true, summary: 'hardware model that it fits' },
    {
      name: 'release-counter',
      type: 'integer',
      value: 'N',
      minimum: 0,
      summary: 'guards against going back; the day when left out',
    },
    {
      name: 'back-to',
      type: 'string',
      value: 'MANIFEST',
      summary: 'take the release counter of this one',
      complete: 'file',
    },
    { name: 'min-version', type: 'string', value: 'VERSION', summary: 'the oldest version that may be upgraded' },
    {
      name: 'created-at',
      type: 'time',
      value: 'TIME',
      summary: 'when it was made, for a manifest that can be made again',
    },
    keyOption,
    {
      name: 'out',
      type: 'string',
      value: 'FILE',
      summary: 'the manifest (- is standard output); NAME-VERSION.json when left out',
      complete: 'file',
    },
    {
      name: 'payload',
      type: 'string',
      value: 'FILE',
      summary: 'write the bytes to sign (- is standard output)',
      complete: 'file',
    },
    {
      name: 'signature',
      type: 'string',
      value: 'FILE',
      summary: 'signature of the payload (- is standard input)',
      complete: 'file',
    },
    {
      name: 'public-key',
      type: 'string',
      value: 'FILE',
      summary: 'key that the signature is by, in PEM',
      complete: 'file',
    },
    {
      name: 'resign',
      type: 'string',
      value: 'MANIFEST',
      summary: 'sign this manifest again, by another key',
      complete: 'file',
    },
  ],
  examples: [
    {
      run: 'iotctl firmware sign pump.bin pump@2.0.0 --hardware pump-v2 --key release.key',
      explains: 'pump-2.0.0.json',
    },
    {
      run: 'iotctl firmware sign pump.bin pump@2.0.1 --hardware pump-v2 --back-to pump-2.0.0.json --key release.key',
      explains: 'devices may go back to 2.0.0',
    },
    {
      run: 'iotctl firmware sign pump.bin pump@2.0.0 --hardware pump-v2 --payload pump.payload',
      explains: 'for an HSM',
    },
    {
      run: 'iotctl firmware sign pump.bin --payload pump.payload --signature pump.sig --public-key release.pub',
      explains: 'with what the HSM made of it',
    },
  ],
  exitCodes: [1, 3, 4, 5],
  output: 'document',
  async run(context, input) {
    const { createFiles } = await import('../../../fleet/firmware/index.ts');
    const path = requiredArg(input, 'file');
    const [payload, signature, out] = ['payload', 'signature', 'out'].map((name) => textOption(input, name));
    await using file = await measureTold(context, path);
    const manifest = await manifestFromFlags(context, input, { path, size: file.size, sha256: file.sha256 });
    if (payload !== undefined && signature === undefined) {
      const { manifestBytes } = await import('../../../protocol/firmware/index.ts');
      const bytes = manifestBytes(manifest);
      if (payload === '-') return context.output.text(Buffer.from(bytes).toString('utf8'));
      await createFiles([{ path: payload, content: bytes, mode: 0o644 }]);
      context.notes.success(`sign the bytes of ${payload} with Ed25519, then run`);
      context.notes.info(`iotctl firmware sign ${path} --payload ${payload} --signature FILE --public-key FILE`);
      return;
    }
    const signed = await signFromFlags(context, input, manifest);
    const text = `${JSON.stringify(signed, null, 2)}\n`;
    if (out === '-') return context.output.text(text);
    const target = out ?? `${manifest.name}-${manifest.version}.json`;
    await createFiles([{ path: target, content: text, mode: 0o644 }]);
    await context.output.document({ file: target, signed }, signedView);
  },
});
