import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';

/** Asks before a change that needs it, and before any change on a protected profile. Failure `confirmation-missing` on a no. */
export async function confirmChange(context: CommandContext, question: string, needed: boolean): Promise<void> {
  const isProtected = (await context.connection()).protected === true;
  if (!needed && !isProtected) return;
  if (await context.prompt.confirm({ message: question })) return;
  throw new Failure('confirmation-missing', 'not confirmed; nothing was changed', {
    hint: 'run it again and answer yes',
  });
}
