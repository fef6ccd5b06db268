import type { RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import type { CommandContext } from '../context.ts';
import { statusView } from '../views/rollout-view.ts';

/** A rollout as it stands: the tree for a person, a document for a program. */
export async function showStatus(
  { output, clock }: Pick<CommandContext, 'output' | 'clock'>,
  status: RolloutStatus,
): Promise<void> {
  if (output.format !== 'table' && output.format !== 'wide') return output.document(status, statusView);
  const { rolloutTree } = await import('../views/rollout-tree.ts');
  const frame = { status, changes: [], now: clock.now(), leaseUnchangedMs: undefined };
  return output.picture(frame, rolloutTree);
}
