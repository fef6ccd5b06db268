import { defineCommand, requiredArg } from '../../define-command.ts';
import { openProvisioning, serviceOption } from '../../options/provisioning-service.ts';
import { forecastView } from '../../views/enrollment-view.ts';

export const command = defineCommand({
  name: 'enrollment explain',
  summary: 'Say which enrollment and which hub a device would get, and why.',
  description: `Says what would happen if a device of this id registered now: which enrollment takes it, by which policy its hub is \
chosen, which hub that is, and with what it begins there; and what its last registration came to. Nothing changes.

Which group takes a device that has no enrollment of its own depends on the key or certificate it brings.`,
  arguments: [{ name: 'id', summary: 'registration id', required: true, complete: 'none' }],
  options: [serviceOption],
  examples: [
    { run: 'iotctl enrollment explain truck-001', explains: 'before the device is switched on' },
    { run: 'iotctl enrollment explain truck-001 --query hub', explains: 'only the hub' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const provisioning = await openProvisioning(context, input);
    await context.output.document(await provisioning.forecast(requiredArg(input, 'id'), context.signal), forecastView);
  },
});
