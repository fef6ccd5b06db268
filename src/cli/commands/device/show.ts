import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { deviceView } from '../../views/device-view.ts';

export const command = defineCommand({
  name: 'device show',
  summary: 'Show one device: identity, connection, tags and properties.',
  description: 'Shows one device. Keys are shown only with --show-secrets.',
  arguments: [{ name: 'device', summary: 'id of the device', required: true, complete: 'device' }],
  options: [{ name: 'show-secrets', summary: 'also show its keys and connection string' }],
  examples: [
    { run: 'iotctl device show pump-001', explains: 'everything but the keys' },
    { run: 'iotctl device show pump-001 --query reported.firmware', explains: 'one reported property' },
    {
      run: 'iotctl device show pump-001 --show-secrets --query connectionString',
      explains: 'what the device connects with',
    },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const { showDevice } = await import('../../../fleet/devices/index.ts');
    const showSecrets = switchOption(input, 'showSecrets');
    const device = await showDevice(hub, requiredArg(input, 'device'), { showSecrets, signal: context.signal });
    await context.output.document(device, deviceView(context.clock.now()));
  },
});
