import { Failure } from '../../../errors/index.ts';
import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { kindOf, kindOptions, openProvisioning, serviceOption } from '../../options/provisioning-service.ts';

export const command = defineCommand({
  name: 'enrollment delete',
  summary: 'Delete an enrollment, or only the registration of a device.',
  description: `Deletes an enrollment with what was registered by it. Devices stay on their hubs and go on working; they cannot \
register again.

With --registration only the registration of the device is forgotten: the next time it registers as for the first time.`,
  arguments: [{ name: 'id', summary: 'registration id, or id of a group', required: true, complete: 'none' }],
  options: [
    ...kindOptions,
    { name: 'registration', summary: 'forget the registration and keep the enrollment' },
    serviceOption,
  ],
  examples: [
    { run: 'iotctl enrollment delete truck-001', explains: 'after a question' },
    { run: 'iotctl enrollment delete trucks --group --yes', explains: 'a group, without a question' },
    { run: 'iotctl enrollment delete truck-001 --registration', explains: 'let the device begin anew' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'none',
  usesHub: true,
  async run(context, input) {
    const id = requiredArg(input, 'id');
    const provisioning = await openProvisioning(context, input);
    const { apiOf, findEnrollment } = await import('../../../fleet/enrollments/index.ts');
    const { signal } = context;
    if (switchOption(input, 'registration')) {
      await provisioning.registrations.get(id, signal);
      await ask(context.prompt.confirm({ message: `Forget the registration of ${id} on ${provisioning.hostName}?` }));
      await provisioning.registrations.delete(id, signal);
      context.notes.success(`the registration of ${id} is forgotten`);
      return;
    }
    const { kind, enrollment } = await findEnrollment(provisioning, id, {
      kind: kindOf(input),
      secrets: false,
      signal,
    });
    const what = kind === 'group' ? `group ${id} and its registrations` : `the enrollment of ${id}`;
    await ask(context.prompt.confirm({ message: `Delete ${what} on ${provisioning.hostName}?` }));
    await apiOf(provisioning, kind).delete(id, { etag: enrollment.etag, signal });
    context.notes.success(`${kind === 'group' ? 'group' : 'enrollment'} ${id} is deleted`);
  },
});

async function ask(confirmed: Promise<boolean>): Promise<void> {
  if (!(await confirmed)) throw new Failure('confirmation-missing', 'not confirmed; nothing was changed');
}
