import type { IdentityPath } from '../../protocol/identity-path.ts';
import { pool } from '../../std/pool.ts';
import { outcomeOf, type DeviceOutcome } from '../devices/index.ts';
import type { Hub } from '../ports.ts';

export interface PurgeOutcome extends DeviceOutcome {
  /** Messages that were removed. */
  readonly messages: number;
}

/** Empties the queues of these devices; one outcome each. */
export async function* purgeQueues(
  hub: Pick<Hub, 'messages'>,
  identities: readonly IdentityPath[],
  options: { readonly concurrency: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<PurgeOutcome, void, undefined> {
  const purge = async (identity: IdentityPath): Promise<PurgeOutcome> => {
    let messages = 0;
    const work = async (): Promise<'changed' | 'unchanged'> => {
      messages = await hub.messages.purge(identity, options.signal);
      return messages > 0 ? 'changed' : 'unchanged';
    };
    return { ...(await outcomeOf(identity, work, options.signal)), messages };
  };
  yield* pool(identities, options.concurrency, purge, options.signal);
}
