import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';
import { optionalArg, type ArgumentDeclaration, type CommandInput } from '../define-command.ts';

/** A token is as good as a key while it lasts, so it is read from a file or a pipe and never from the command line. */
export const tokenFileArgument = {
  name: 'file',
  summary: 'file that holds the token; standard input when it is left out or -',
  complete: 'file',
} as const satisfies ArgumentDeclaration;

export async function readToken(
  context: Pick<CommandContext, 'stdin' | 'notes'>,
  input: CommandInput,
): Promise<string> {
  const file = optionalArg(input, 'file') ?? '-';
  if (file === '-') {
    if (context.stdin.isTTY) context.notes.info('reading the token; Ctrl-D ends it');
    return context.stdin.text();
  }
  // Said without the word itself: what is typed by mistake must not end up in a log as well.
  if (/^SharedAccessSignature\s/i.test(file))
    throw new Failure('usage', 'a token is not taken from the command line, where others can read it', {
      hint: 'give a file that holds it, or pipe it in',
    });
  const { readText } = await import('../../fleet/certificates/index.ts');
  return readText(file);
}
