import { isFailure, toFailure, type Failure } from '../../../errors/index.ts';
import { sleep, type Clock } from '../../../std/clock.ts';
import type { Hub } from '../../ports.ts';
import { readRollout } from '../records/index.ts';
import { hasEnded } from './standing.ts';
import type { RolloutStatus } from './status.ts';

/** One look at a rollout. */
export interface Look {
  readonly status: RolloutStatus;
  /** How long nobody has renewed the lease as far as these looks have seen, milliseconds. */
  readonly leaseUnchangedMs: number;
  /** Why this look failed; the status is that of the one before. */
  readonly trouble: Failure | undefined;
}

export interface FollowOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at a rollout again and again until it has ended; that look is the last. The first look must succeed, later ones may fail for a
 * while. Failures: rollout-not-found and those of the hub; ends with the signal's reason.
 */
export async function* followRollout(
  { records }: Pick<Hub, 'records'>,
  id: string,
  { clock, intervalMs, signal }: FollowOptions,
): AsyncGenerator<Look, void, undefined> {
  let status: RolloutStatus = await readRollout(records, id, signal);
  let renewedAt = clock.monotonic();
  let trouble: Failure | undefined;
  for (;;) {
    yield { status, leaseUnchangedMs: clock.monotonic() - renewedAt, trouble };
    if (trouble === undefined && hasEnded(status)) return;
    await sleep(clock, intervalMs, signal);
    try {
      const next = await readRollout(records, id, signal);
      const isRenewed = next.lease?.beat !== status.lease?.beat || next.lease?.holder !== status.lease?.holder;
      if (isRenewed) renewedAt = clock.monotonic();
      status = next;
      trouble = undefined;
    } catch (error) {
      signal?.throwIfAborted();
      trouble = toFailure(error);
      if (!trouble.retryable && !isFailure(trouble, 'hub-unreachable', 'throttled')) throw trouble;
    }
  }
}
