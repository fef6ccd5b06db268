import type { IdentityPath } from '../../protocol/identity-path.ts';
import { pool } from '../../std/pool.ts';
import { outcomeOf, type DeviceOutcome } from '../devices/index.ts';
import type { Hub } from '../ports.ts';

export interface RequeueOutcome extends DeviceOutcome {
  /** Messages that are in the queue again. */
  readonly messages: number;
}

export interface RequeueOptions {
  readonly concurrency: number;
  /** Those with these numbers; all when absent. */
  readonly sequenceNumbers?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Puts dead letters of these devices back into their queues; one outcome each. */
export async function* requeueMessages(
  hub: Pick<Hub, 'messages'>,
  identities: readonly IdentityPath[],
  { concurrency, sequenceNumbers, signal }: RequeueOptions,
): AsyncGenerator<RequeueOutcome, void, undefined> {
  const requeue = async (identity: IdentityPath): Promise<RequeueOutcome> => {
    let messages = 0;
    const work = async (): Promise<'changed' | 'unchanged'> => {
      messages = await hub.messages.requeue(identity, sequenceNumbers, signal);
      return messages > 0 ? 'changed' : 'unchanged';
    };
    return { ...(await outcomeOf(identity, work, signal)), messages };
  };
  yield* pool(identities, concurrency, requeue, signal);
}
