import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { kindOf, kindOptions, openProvisioning, serviceOption } from '../../options/provisioning-service.ts';
import { enrollmentView } from '../../views/enrollment-view.ts';

export const command = defineCommand({
  name: 'enrollment show',
  summary: 'Show one enrollment, and the registration of its device.',
  description: 'Shows the enrollment of a device, or the group of that name. Keys are shown only with --show-secrets.',
  arguments: [{ name: 'id', summary: 'registration id, or id of a group', required: true, complete: 'none' }],
  options: [...kindOptions, { name: 'show-secrets', summary: 'also show its keys' }, serviceOption],
  examples: [
    { run: 'iotctl enrollment show truck-001', explains: 'what the device may be and where it is registered' },
    {
      run: 'iotctl enrollment show trucks --group --show-secrets --query attestation.symmetricKey.primaryKey',
      explains: 'the key that the keys of the devices are derived from',
    },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const provisioning = await openProvisioning(context, input);
    const { findEnrollment } = await import('../../../fleet/enrollments/index.ts');
    const found = await findEnrollment(provisioning, requiredArg(input, 'id'), {
      kind: kindOf(input),
      secrets: switchOption(input, 'showSecrets'),
      signal: context.signal,
    });
    await context.output.document(found, enrollmentView);
  },
});
