/** Who drives a rollout: one controller, as long as it keeps saying so. Source: docs/decisions/0021-rollouts-live-in-twins-and-records.md. */
import type { RecordStore, StoredRecord } from '../../../client/records.ts';
import { Failure, isFailure } from '../../../errors/index.ts';
import { sleep, type Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Lease } from '../model/record.ts';
import { parseLease, recordNames } from '../records/index.ts';
import { createBackoff, passingTrouble } from './backoff.ts';

/** How long a controller that has gone silent keeps the others waiting. */
export const leaseTtlMs = 15_000;
/** The holder stops a little sooner than another may begin: a write that is on its way then still arrives in time. */
const ownShare = 0.9;

export interface HeldLease {
  readonly fence: number;
  /** Aborts when the lease is lost, or cannot be renewed in time. */
  readonly lost: AbortSignal;
  /** Throws when the lease may be another's by now: to be asked before each write, because this program may have stood still. */
  check(): void;
  /** Gives it back, so that another takes over at once. Never throws: who cannot reach the hub lets it lapse. */
  release(): Promise<void>;
}

interface LeaseOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly rolloutId: string;
  readonly holder: string;
  readonly isGone?: ((holder: string) => boolean) | undefined;
  /** Fences below this have been used. */
  readonly fence: () => Promise<number>;
  readonly onStandby?: (holder: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Waits until this controller may drive, and goes on renewing. A candidate takes over when it has seen no change of the lease for the
 * time in it, by its own monotonic clock: clocks of machines need not agree. The holder stops by itself when it could not renew for that
 * time, counted from when it began the last renewal that succeeded. Rejects with the signal's reason.
 */
export async function acquireLease(options: LeaseOptions): Promise<HeldLease> {
  const { records, rolloutId, clock, signal } = options;
  const { lease: name } = recordNames(rolloutId);
  const backoff = createBackoff(options.random);
  let seen: { readonly etag: string; readonly at: number } | undefined;
  let toldOf: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const record = await records.read(name, signal);
      backoff.reset();
      const lease = record && parseLease(record.value, record.name);
      if (record?.etag !== seen?.etag) seen = record && { etag: record.etag, at: clock.monotonic() };
      if (lease === undefined || mayTake(lease, seen, options)) {
        const taken = await take(record, lease, options);
        if (taken !== undefined) return taken;
        continue;
      }
      if (lease.holder !== toldOf) options.onStandby?.((toldOf = lease.holder));
      await sleep(clock, lease.ttlMs / 3, signal);
    } catch (error) {
      signal.throwIfAborted();
      passingTrouble(error);
      await sleep(clock, backoff.next(), signal);
    }
  }
}

function mayTake(
  lease: Lease,
  seen: { readonly at: number } | undefined,
  { clock, holder, isGone }: LeaseOptions,
): boolean {
  if (lease.released === true || lease.holder === holder || isGone?.(lease.holder) === true) return true;
  return seen !== undefined && clock.monotonic() - seen.at >= lease.ttlMs;
}

async function take(
  record: StoredRecord | undefined,
  before: Lease | undefined,
  options: LeaseOptions,
): Promise<HeldLease | undefined> {
  const { records, clock, rolloutId, holder, signal } = options;
  const fence = Math.max(before?.fence ?? 0, await options.fence()) + 1;
  const lease: Lease = { holder, fence, beat: 1, ttlMs: leaseTtlMs };
  const begun = clock.monotonic();
  const name = recordNames(rolloutId).lease;
  try {
    const etag = await records.write(name, { ...lease }, { etag: record?.etag ?? 'none', signal });
    return hold(lease, etag, begun, options);
  } catch (error) {
    if (isFailure(error, 'changed-meanwhile')) return undefined;
    throw error;
  }
}

function hold(first: Lease, firstEtag: string, begun: number, options: LeaseOptions): HeldLease {
  const { records, clock, rolloutId, random } = options;
  const name = recordNames(rolloutId).lease;
  const lost = new AbortController();
  const stop = new AbortController();
  const backoff = createBackoff(random);
  let lease = first;
  let etag = firstEtag;
  let validUntil = begun + first.ttlMs * ownShare;

  const lose = (reason: string): void => lost.abort(new Failure('changed-meanwhile', reason, { retryable: true }));

  const lapse = (): void => lose(`the right to drive "${rolloutId}" lapsed: it could not be renewed in time`);

  function check(): void {
    lost.signal.throwIfAborted();
    if (clock.monotonic() < validUntil) return;
    lapse();
    lost.signal.throwIfAborted();
  }

  let cancelWatch = watch();

  function watch(): () => void {
    return clock.after(validUntil - clock.monotonic(), lapse, { unref: true });
  }

  function extend(from: number): void {
    validUntil = from + lease.ttlMs * ownShare;
    cancelWatch();
    cancelWatch = watch();
  }

  /** Answers how long to wait until the next renewal. */
  async function renew(): Promise<number> {
    const at = clock.monotonic();
    const next = { ...lease, beat: lease.beat + 1 };
    try {
      etag = await records.write(name, { ...next }, { etag, signal: stop.signal });
      lease = next;
      extend(at);
      backoff.reset();
      return lease.ttlMs / 3;
    } catch (error) {
      stop.signal.throwIfAborted();
      if (isFailure(error, 'changed-meanwhile')) {
        // The answer to an earlier try may have been lost: what stands there is this one's then.
        const record = await records.read(name, stop.signal);
        const found = record && parseLease(record.value, name);
        if (record === undefined || found?.holder !== lease.holder || found.fence !== lease.fence)
          throw new Failure('changed-meanwhile', `"${rolloutId}" is driven by ${found?.holder ?? 'another'} now`);
        ({ etag } = record);
        lease = found;
        return 0;
      }
      passingTrouble(error);
      return Math.min(backoff.next(), lease.ttlMs / 6);
    }
  }

  async function beat(): Promise<void> {
    let waitMs = lease.ttlMs / 3;
    for (;;) {
      await sleep(clock, waitMs, stop.signal);
      waitMs = await renew();
    }
  }

  async function giveBack(): Promise<void> {
    // A renewal may have been on its way: what it left is this one's too.
    const record = await records.read(name);
    const found = record && parseLease(record.value, name);
    if (record === undefined || found?.holder !== lease.holder || found.fence !== lease.fence) return;
    const released: JsonObject = { ...lease, beat: found.beat + 1, released: true };
    await records.write(name, released, { etag: record.etag });
  }

  const beating = beat().catch((error: unknown) => {
    if (!stop.signal.aborted && !lost.signal.aborted) lose(error instanceof Error ? error.message : String(error));
  });

  return {
    fence: first.fence,
    lost: lost.signal,
    check,
    async release() {
      stop.abort();
      cancelWatch();
      await beating;
      if (lost.signal.aborted) return;
      await giveBack().catch(() => undefined);
      lost.abort(new Failure('changed-meanwhile', `the right to drive "${rolloutId}" was given back`));
    },
  };
}
