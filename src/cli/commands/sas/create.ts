import { defineCommand, numberOption, optionalArg } from '../../define-command.ts';
import { policyKeyOf } from '../../options/policy-key.ts';

export const command = defineCommand({
  name: 'sas create',
  summary: 'Make a shared access signature, of a device or of the profile.',
  description: `Makes a token: with DEVICE or DEVICE/MODULE one that the device connects with, signed with its primary key; without, one of
the profile's policy for the service API. Whoever holds the token can do what its key can, until it expires.`,
  arguments: [{ name: 'device', summary: 'id of a device, or DEVICE/MODULE', complete: 'device' }],
  options: [
    {
      name: 'expiry',
      type: 'duration',
      value: 'TIME',
      summary: 'how long it is valid',
      default: '1h',
      minimum: 1_000,
      maximum: 365 * 86_400_000,
    },
  ],
  examples: [
    { run: 'iotctl sas create pump-001 --expiry 10m', explains: 'the MQTT password of a device' },
    { run: 'iotctl sas create > token.txt', explains: 'for the Authorization header of a call of the REST API' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'text',
  usesHub: true,
  async run(context, input) {
    const { createToken } = await import('../../../fleet/tokens/index.ts');
    const hub = await context.hub();
    const token = await createToken(hub, {
      identity: optionalArg(input, 'device'),
      policy: await policyKeyOf(context),
      hostName: hub.hostName,
      expiresAt: context.clock.now() + (numberOption(input, 'expiry') ?? 3_600_000),
      signal: context.signal,
    });
    await context.output.text(`${token}\n`);
  },
});
