import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';

/** Asks before a change, but only where the profile in use is protected. Failure: confirmation-missing. */
export async function confirmIfProtected(
  context: Pick<CommandContext, 'connection' | 'prompt'>,
  message: string,
): Promise<void> {
  const connection = await context.connection();
  if (connection.protected !== true) return;
  if (!(await context.prompt.confirm({ message })))
    throw new Failure('confirmation-missing', 'not confirmed; nothing was done');
}
