import {
  choiceOption,
  defineCommand,
  numberOption,
  requiredArg,
  switchOption,
  textOption,
} from '../../define-command.ts';
import { registrationTransports } from '../../../protocol/provisioning/transports.ts';
import { registrationOptions, readPayload, readPlace, readProof } from '../../options/registration.ts';
import { serviceOption } from '../../options/provisioning-service.ts';
import { registeredView } from '../../views/enrollment-view.ts';

export const command = defineCommand({
  name: 'device register',
  summary: 'Register at the provisioning service as a device does.',
  description: `Acts as a device at the provisioning service: proves itself, waits for the assignment, and tells the hub and the name it \
got. The key comes from a file, from IOTCTL_REGISTRATION_KEY, or is asked for; with --group-key-file the key of the device is \
derived from that of its group.

Without --id-scope the service is that of the selected hub, which must be one of iotctl. What the device connects with is a \
secret: it is shown with --show-secrets and written with --out.`,
  arguments: [{ name: 'id', summary: 'registration id', required: true, complete: 'none' }],
  options: [
    {
      name: 'transport',
      type: 'string',
      value: 'NAME',
      summary: 'how to speak to the service',
      choices: registrationTransports,
      default: 'mqtt',
    },
    ...registrationOptions,
    {
      name: 'payload',
      type: 'string',
      value: 'JSON',
      summary: 'for a custom allocation; @FILE reads a file',
      complete: 'file',
    },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'time for all of it',
      default: 60_000,
      minimum: 1_000,
    },
    {
      name: 'out',
      type: 'string',
      value: 'FILE',
      summary: 'write the connection string to a file only you can read',
      complete: 'file',
    },
    { name: 'show-secrets', summary: 'show the connection string' },
    serviceOption,
  ],
  examples: [
    {
      run: 'iotctl device register truck-001 --group-key-file trucks.key --out truck-001.txt',
      explains: 'a device of a group; what it connects with goes into a file',
    },
    {
      run: 'iotctl device register truck-001 --certificate truck-001.pem --certificate-key truck-001.key --transport https',
      explains: 'by a certificate',
    },
    {
      run: 'iotctl device register truck-001 --key-file truck-001.key --id-scope 0ne00012345',
      explains: 'at the service in the cloud',
    },
  ],
  exitCodes: [1, 3, 4, 9, 124, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const registrationId = requiredArg(input, 'id');
    const transport = choiceOption(input, 'transport', registrationTransports) ?? 'mqtt';
    const { registerDevice } = await import('../../../fleet/enrollments/index.ts');
    const payload = await readPayload(context, input);
    const { place, deviceHostOf } = await readPlace(context, input, transport);
    const proof = await readProof(context, input);
    const { clock, runtime, signal, notes } = context;
    const registered = await registerDevice({
      transport,
      registrationId,
      place,
      proof,
      payload,
      deviceHostOf,
      version: runtime.version(),
      clock,
      timeoutMs: numberOption(input, 'timeout') ?? 60_000,
      signal,
    });
    const out = textOption(input, 'out');
    if (out !== undefined) {
      const { writeFileAtomic } = await import('../../../std/atomic-file.ts');
      await writeFileAtomic(out, `${registered.connectionString}\n`, 0o600);
      notes.success(`the connection string is in ${out}, which only you can read`);
    }
    const { registration, connectionString } = registered;
    const shown = switchOption(input, 'showSecrets') ? { registration, connectionString } : { registration };
    await context.output.document(shown, registeredView);
  },
});
