import { Failure } from '../../../errors/index.ts';
import { dryRunOption } from '../../changes/change-devices.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { defineCommand, requiredArg, switchOption, textOption } from '../../define-command.ts';
import { byteProgress } from '../../firmware/measure.ts';
import { readManifest } from '../../firmware/signed-manifest.ts';
import { readTrustFlags, trustOptions } from '../../firmware/trust-flags.ts';
import { addedView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware add',
  summary: 'Bring a signed firmware to the hub, for rollouts.',
  description: `Checks that the file is the one that the manifest describes and that the signature is by a trusted key, sends the file \
to the hub and adds the release there as NAME@VERSION. The keys are those of --trust or --public-key, else those that the hub knows \
(firmware rotate-key); devices check the signature in any case.

Run again it changes nothing. A release never changes: another manifest under the same name and version is a conflict (exit 5).`,
  arguments: [{ name: 'manifest', summary: 'signed manifest (- is standard input)', required: true, complete: 'file' }],
  options: [
    { name: 'file', type: 'string', value: 'FILE', summary: 'the firmware', complete: 'file' },
    {
      name: 'url',
      type: 'string',
      value: 'URL',
      summary: 'where devices fetch the file instead; it is not sent to the hub',
    },
    ...trustOptions,
    dryRunOption,
  ],
  examples: [
    { run: 'iotctl firmware add pump-2.0.0.json --file pump.bin', explains: 'file and manifest' },
    {
      run: 'iotctl firmware add pump-2.0.0.json --file pump.bin --dry-run',
      explains: 'checks everything, changes nothing',
    },
    {
      run: 'iotctl firmware add pump-2.0.0.json --url https://files.example.com/pump.bin',
      explains: 'a file that is elsewhere',
    },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { addFirmware } = await import('../../../fleet/firmware/index.ts');
    const [file, url] = [textOption(input, 'file'), textOption(input, 'url')];
    if (url !== undefined && !(URL.canParse(url) && /^https?:/.test(url)))
      throw new Failure('invalid-value', `--url: "${url}" is no address that begins with https:// or http://`);
    const signed = await readManifest(context, requiredArg(input, 'manifest'));
    const trust = await readTrustFlags(context, input);
    const hub = await context.hub();
    const dryRun = switchOption(input, 'dryRun');
    const { name, version, size } = signed.manifest;
    if (!dryRun) await confirmChange(context, `Add ${name}@${version} to ${hub.hostName}?`, false);
    const reading = byteProgress(context.notes, 'reading', size);
    const sending = byteProgress(context.notes, 'sending', size);
    const added = await addFirmware(hub, {
      signed,
      trust,
      file,
      url,
      dryRun,
      now: context.clock.now(),
      signal: context.signal,
      onMeasured: (bytes) => reading.at(bytes),
      onSent: (bytes) => sending.at(bytes),
    }).finally(() => {
      reading.stop();
      sending.stop();
    });
    if (added.verifiedBy === 'nobody')
      context.notes.warn(
        'the signature is not verified: the hub knows no keys; add --trust FILE, or see firmware rotate-key',
      );
    if (added.refusedAfter.length > 0)
      context.notes.warn(
        `devices that have run ${added.refusedAfter.join(', ')} refuse this release: its release counter is lower (downgrade)`,
      );
    await context.output.document(added, addedView);
  },
});
