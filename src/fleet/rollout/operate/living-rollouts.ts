import type { Hub } from '../../ports.ts';
import { listRollouts } from '../records/index.ts';
import { hasEnded } from './standing.ts';

/** Ids of the rollouts that go on: what they have under way is not to be offered something else. */
export async function livingRollouts(
  { records }: Pick<Hub, 'records'>,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  // A rollout that is not understood is driven by nobody of this version.
  const options = { onUnreadable: (id: string) => void living.add(id), ...(signal && { signal }) };
  for await (const rollout of listRollouts(records, options)) if (!hasEnded(rollout)) living.add(rollout.id);
  return living;
}
