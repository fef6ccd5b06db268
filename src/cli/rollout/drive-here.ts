import type { CommandContext } from '../context.ts';

/**
 * Does something while a rollout is driven: a hub of iotctl drives it itself; for one in the cloud this program does, as long as it
 * waits, and else says who can.
 */
export async function drivenHere(
  context: CommandContext,
  _id: string,
  wait: boolean,
  work: () => Promise<void>,
): Promise<void> {
  const { kind } = await context.connection();
  if (kind === 'local') return work();
  if (!wait) {
    await work();
    return context.notes.info(
      'a hub in the cloud drives no rollouts: leave iotctl controller run running, or add --wait',
    );
  }
  return work();
}
