import { defineCommand } from '../../define-command.ts';
import { readToken, tokenFileArgument } from '../../options/read-token.ts';
import { tokenView } from '../../views/token-view.ts';

export const command = defineCommand({
  name: 'sas decode',
  summary: 'Say what a shared access signature is for and how long it lasts.',
  description: 'Takes a token apart. No hub is asked, and the signature is neither checked nor shown: see sas verify.',
  arguments: [tokenFileArgument],
  examples: [
    { run: 'iotctl sas create pump-001 | iotctl sas decode', explains: 'who may do what until when' },
    { run: 'iotctl sas decode token.txt --query expires', explains: 'one thing of it' },
  ],
  exitCodes: [1, 3, 4],
  output: 'document',
  async run(context, input) {
    const { decodeToken } = await import('../../../fleet/tokens/index.ts');
    await context.output.document(decodeToken(await readToken(context, input), context.clock.now()), tokenView);
  },
});
