import { Failure } from '../../../errors/index.ts';
import { defineCommand } from '../../define-command.ts';
import { policyKeyOf } from '../../options/policy-key.ts';
import { readToken, tokenFileArgument } from '../../options/read-token.ts';
import { tokenView } from '../../views/token-view.ts';

export const command = defineCommand({
  name: 'sas verify',
  summary: 'Check a shared access signature against the keys of the hub.',
  description: `Checks that a token has not expired and that a key of its device, or of the profile's policy, signed it. Says why not and ends with
4 when the hub would refuse it.`,
  arguments: [tokenFileArgument],
  examples: [{ run: 'iotctl sas verify token.txt', explains: 'why a device is refused' }],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { decodeToken, findTokenProblem } = await import('../../../fleet/tokens/index.ts');
    const text = await readToken(context, input);
    const now = context.clock.now();
    const decoded = decodeToken(text, now);
    const hub = await context.hub();
    const problem = await findTokenProblem(hub, text, {
      policy: await policyKeyOf(context),
      now,
      signal: context.signal,
    });
    await context.output.document(decoded, tokenView);
    if (problem !== undefined) {
      throw new Failure('not-authorised', `the hub would refuse this token: ${problem}`, {
        hint: decoded.deviceId === null ? 'iotctl sas create' : `iotctl sas create ${decoded.deviceId}`,
      });
    }
    context.notes.info('the token is good');
  },
});
