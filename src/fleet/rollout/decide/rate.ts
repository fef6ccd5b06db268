import type { State } from '../model/record.ts';
import type { Policy } from '../model/spec.ts';

type Rate = State['rate'];

/** No rate grows beyond this, however many steps it has taken. */
const highestPerMinute = 1_000_000;

/** Saved up at most: what comes in five seconds, so that a minute never has more than that above its rate. */
const savedSeconds = 5;

/** Offers per minute after so many devices; 0 when the policy has no rate, which is no limit. */
export function perMinuteNow(
  { rate }: Pick<Policy, 'rate'>,
  counts: { readonly notified: number; readonly succeeded: number },
): number {
  if (rate === undefined) return 0;
  if ('perMinute' in rate) return rate.perMinute;
  const steps = Math.floor(counts[rate.stepBy] / rate.every);
  return Math.min(highestPerMinute, rate.base * rate.factor ** steps);
}

/** What has come since the state was written, at the rate of then; nothing is lost or won by asking more often. */
export function refill(rate: Rate | undefined, now: number): number {
  if (rate === undefined) return 1;
  const elapsed = Math.max(0, now - rate.at);
  return Math.min(mostSaved(rate.perMinute), rate.tokens + (elapsed * rate.perMinute) / 60_000);
}

/** When one more offer is allowed, Unix milliseconds. */
export function nextTokenAt(tokens: number, perMinute: number, now: number): number {
  return hasToken(tokens) ? now : now + Math.ceil(((1 - tokens) * 60_000) / perMinute);
}

/** A little less than one is one: what comes in many small parts does not add up exactly. */
export function hasToken(tokens: number): boolean {
  return tokens >= 1 - 1e-9;
}

function mostSaved(perMinute: number): number {
  return Math.max(1, (perMinute * savedSeconds) / 60);
}
