import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { authorityView } from '../../views/certificate-view.ts';

export const command = defineCommand({
  name: 'certificate add',
  summary: 'Upload the certificate of a CA that devices come with.',
  description: `Uploads the certificate of a CA. Once it is verified, a device whose authentication is certificateAuthority
connects with any certificate that this CA signed and whose common name is the id of the device. Adding the same
certificate again changes nothing.`,
  arguments: [
    { name: 'name', summary: 'what it is called on the hub', required: true },
    { name: 'file', summary: 'PEM file of the certificate', required: true, complete: 'file' },
  ],
  options: [
    { name: 'verified', summary: 'count it as verified without a proof' },
    { name: 'replace', summary: 'replace a certificate of this name' },
  ],
  examples: [
    { run: 'iotctl certificate add factory factory.pem', explains: 'then: iotctl certificate verify factory' },
    { run: 'iotctl certificate add factory factory.pem --verified', explains: 'for tests' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { addAuthority } = await import('../../../fleet/certificates/index.ts');
    const hub = await context.hub();
    const name = requiredArg(input, 'name');
    await confirmChange(context, `Add certificate ${name} to ${hub.hostName}?`, false);
    const added = await addAuthority(hub, name, {
      file: requiredArg(input, 'file'),
      isVerified: switchOption(input, 'verified'),
      replace: switchOption(input, 'replace'),
      signal: context.signal,
    });
    await context.output.document(added, authorityView);
    if (!added.properties.isVerified) {
      context.notes.info(`devices are let in by it once it is verified: iotctl certificate verify ${name}`);
    }
  },
});
