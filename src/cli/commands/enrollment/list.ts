import { defineCommand } from '../../define-command.ts';
import { kindOf, kindOptions, openProvisioning, serviceOption } from '../../options/provisioning-service.ts';
import { enrollmentListView } from '../../views/enrollment-view.ts';

export const command = defineCommand({
  name: 'enrollment list',
  summary: 'List enrollments, and where their devices are registered.',
  options: [...kindOptions, serviceOption],
  examples: [
    { run: 'iotctl enrollment list', explains: 'single devices, then groups' },
    { run: 'iotctl enrollment list --group -o name', explains: 'ids of the groups' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const provisioning = await openProvisioning(context, input);
    const { listEnrollments } = await import('../../../fleet/enrollments/index.ts');
    const kind = kindOf(input);
    const kinds = kind === undefined ? (['individual', 'group'] as const) : [kind];
    await context.output.list(listEnrollments(provisioning, kinds, context.signal), enrollmentListView);
  },
});
