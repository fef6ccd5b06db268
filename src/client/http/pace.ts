/** Keeps bulk work to the rate a hub of the profile's size takes, and everybody waiting while the hub refuses for load. */
import type { HubAddress } from '../../config/profile.ts';
import { burstSeconds, ratesOf, type Operation } from '../../protocol/rates.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { createTokenBucket, type TokenBucket } from '../../std/token-bucket.ts';
import type { Work } from './operation.ts';

/** Why nothing happens for a while. */
export interface WaitEvent {
  /** `rate`: of the profile's tier and units; `hub`: it refused, and asked to wait. */
  readonly cause: 'rate' | 'hub';
  readonly operation: Operation;
  readonly waitMs: number;
}

export interface Pace {
  /** Room for a piece of work: undefined at once, else a promise that rejects with the signal's reason. */
  admit(work: Work, signal?: AbortSignal): Promise<void> | undefined;
  /** The hub refused such work: nothing of its kind is sent for so long. */
  hold(operation: Operation, ms: number): void;
}

export interface PaceOptions {
  readonly clock: Clock;
  /** In [0, 1): those who waited for the same end do not all go on at once. */
  readonly random: () => number;
  readonly onWait?: ((event: WaitEvent) => void) | undefined;
}

/** A person who waits less than this needs no explanation. */
const toldFromMs = 2_000;
/** The end of a wait is told again when it has moved by this much. */
const retoldMs = 5_000;
const spreadMs = 250;

/** Paced when the profile says a tier, and at S1 for a hub in the cloud; iotctl's own hub is fast. Source: service.md §11.3-1. */
export function createPace(
  { kind, tier, units = 1 }: Pick<HubAddress, 'kind' | 'tier' | 'units'>,
  options: PaceOptions,
): Pace {
  const { clock, random, onWait } = options;
  const sized = tier ?? (kind === 'cloud' ? 'S1' : undefined);
  const rates = sized === undefined ? undefined : ratesOf(sized, units);
  const buckets = new Map<Operation, TokenBucket>();
  const heldUntil = new Map<Operation, number>();
  const toldUntil = new Map<Operation, number>();

  const bucketOf = (operation: Operation): TokenBucket | undefined => {
    if (rates === undefined) return undefined;
    const known = buckets.get(operation);
    if (known !== undefined) return known;
    const bucket = createTokenBucket(rates[operation], rates[operation] * burstSeconds[operation], clock);
    buckets.set(operation, bucket);
    return bucket;
  };
  const tell = (cause: WaitEvent['cause'], operation: Operation, waitMs: number): void => {
    const until = clock.monotonic() + waitMs;
    const told = toldUntil.get(operation) ?? -retoldMs;
    if (cause === 'rate' ? waitMs < toldFromMs || until < told + retoldMs : until <= told) return;
    toldUntil.set(operation, until);
    onWait?.({ cause, operation, waitMs });
  };
  return {
    admit({ operation, cost }, signal) {
      const bucket = bucketOf(operation);
      const paced = bucket?.waitFor(cost) ?? 0;
      bucket?.take(cost);
      const held = (heldUntil.get(operation) ?? 0) - clock.monotonic();
      if (paced <= 0 && held <= 0) return undefined;
      if (paced > held) tell('rate', operation, paced);
      return sleep(clock, Math.max(paced, held + random() * spreadMs), signal);
    },
    hold(operation, ms) {
      tell('hub', operation, ms);
      heldUntil.set(operation, Math.max(heldUntil.get(operation) ?? 0, clock.monotonic() + ms));
    },
  };
}
