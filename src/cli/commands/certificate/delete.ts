import { confirmChange } from '../../changes/confirm-change.ts';
import { defineCommand, requiredArg } from '../../define-command.ts';
import { authorityView } from '../../views/certificate-view.ts';

export const command = defineCommand({
  name: 'certificate delete',
  summary: 'Remove a CA certificate from the hub.',
  description: 'Removes a CA certificate. Devices that it let in stay connected until they connect the next time.',
  arguments: [{ name: 'name', summary: 'what it is called on the hub', required: true }],
  examples: [{ run: 'iotctl certificate delete factory', explains: 'asks first; --yes in scripts' }],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const name = requiredArg(input, 'name');
    const certificate = await hub.certificates.get(name, context.signal);
    await confirmChange(
      context,
      `Delete certificate ${name} (${certificate.properties.subject}) on ${hub.hostName}?`,
      true,
    );
    await hub.certificates.delete(name, context.signal);
    await context.output.document(certificate, authorityView);
    context.notes.info(`${name} is deleted`);
  },
});
