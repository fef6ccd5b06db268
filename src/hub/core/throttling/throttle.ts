import { sleep, type Clock } from '../../../std/clock.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { burstSeconds, ratesOf, type Operation } from '../../../protocol/rates.ts';
import { createTokenBucket, type TokenBucket } from '../../../std/token-bucket.ts';
import { dailyMessages, meterBytes, type ImitatedTier } from './quotas.ts';
import type { ThrottleService } from './service.ts';

/** What the hub imitates of the cloud. */
export interface Imitation {
  /** Whose limits hold; none when absent. */
  readonly tier?: ImitatedTier | undefined;
  /** Units bought; 1 when absent. */
  readonly units?: number | undefined;
  /** How far queries are behind, milliseconds. */
  readonly lagMs?: number | undefined;
}

/** The cloud delays for some seconds before it refuses: up to 3.2 s were seen. Source: service.md §11.2. */
const longestWaitMs = 3_000;

const secondsOfDay = 86_400;

/** A hub without limits, for anything that is not an imitation of the cloud. */
const unthrottled: ThrottleService = {
  imitating: false,
  admit: () => undefined,
  pace: () => undefined,
  meter: () => undefined,
};

export function createThrottle(imitation: Imitation | undefined, clock: Clock): ThrottleService {
  if (imitation === undefined) return unthrottled;
  const { tier, units = 1 } = imitation;
  if (tier === undefined) return { ...unthrottled, imitating: true };
  const rates = ratesOf(tier, units);
  const buckets = new Map<Operation, TokenBucket>();
  const quota = createDailyQuota(dailyMessages[tier] * units, clock);

  function bucketOf(operation: Operation): TokenBucket {
    const known = buckets.get(operation);
    if (known !== undefined) return known;
    const bucket = createTokenBucket(rates[operation], rates[operation] * burstSeconds[operation], clock);
    buckets.set(operation, bucket);
    return bucket;
  }

  return {
    imitating: true,
    admit(operation, cost = 1) {
      const bucket = bucketOf(operation);
      const waitMs = bucket.waitFor(cost);
      if (waitMs > longestWaitMs) throw tooMany(operation, waitMs);
      bucket.take(cost);
      return waitMs === 0 ? undefined : sleep(clock, waitMs);
    },
    pace(operation, signal) {
      const bucket = bucketOf(operation);
      const waitMs = bucket.waitFor(1);
      bucket.take(1);
      return waitMs === 0 ? undefined : sleep(clock, waitMs, signal);
    },
    meter: (bytes) => quota.use(Math.max(1, Math.ceil(bytes / meterBytes))),
  };
}

/** 429003, in the words of the real service. Source: service.md §11.2. */
function tooMany(operation: Operation, waitMs: number): HubError {
  const seconds = Math.max(1, Math.ceil((waitMs - longestWaitMs) / 1_000));
  return new HubError(
    'ThrottlingBacklogTimeout',
    `The request has been throttled. Wait ${seconds} seconds and try again. Operation type: ${operation}`,
    { retryAfterSeconds: seconds },
  );
}

/** Counts from midnight to midnight, UTC. A hub that starts again begins anew. */
function createDailyQuota(allowed: number, clock: Clock): { use(messages: number): void } {
  const dayMs = secondsOfDay * 1_000;
  let day = Math.floor(clock.now() / dayMs);
  let used = 0;
  return {
    use(messages) {
      const today = Math.floor(clock.now() / dayMs);
      if (today !== day) used = 0;
      day = today;
      if (used + messages > allowed) {
        throw new HubError(
          'IotHubQuotaExceeded',
          `The quota of ${allowed} messages a day is used up, the next day begins at midnight UTC.`,
        );
      }
      used += messages;
    },
  };
}
