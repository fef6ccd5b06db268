/** What state each device is in, from its twin, the plan and the time alone. The table is in docs/concepts/rollouts.md. */
import type { DeviceState, Mark, ObservedDevice } from '../model/observed.ts';
import type { BlockReason } from '../model/plan.ts';
import type { FoundCode } from './codes.ts';
import type { Context } from './context.ts';
import { isOffered, type Facts, type Found } from './facts.ts';
import { followAttempt } from './follow-attempt.ts';
import { failuresAfter, mayRetry, retryAt, timeOf } from './retries.ts';

const gone: Facts = { state: 'blocked', kind: 'out', attempt: 0, blocked: 'gone', until: Infinity };

/** The state of a device of a wave; `undefined` is one that the hub does not have. */
export function factsOf(context: Context, wave: number, device: ObservedDevice | undefined): Facts {
  if (device === undefined) return gone;
  const { mark } = device;
  const announced = context.offering.get(device.deviceId);
  if (mark === undefined || mark.rollout !== context.id) {
    const facts = untouched(context, wave, device);
    return announced !== undefined && facts.kind === 'free' ? announcedFacts(announced) : facts;
  }
  if (announced !== undefined && announced > mark.attempt) return announcedFacts(announced);
  return marked(context, wave, device, mark);
}

function announcedFacts(attempt: number): Facts {
  return { state: 'offered', kind: 'announced', attempt, until: Infinity };
}

/** This rollout has not written to the device. */
function untouched(context: Context, wave: number, device: ObservedDevice): Facts {
  const { mark, report } = device;
  if (mark !== undefined) {
    if (mark.outcome === undefined && (context.others === undefined || context.others.has(mark.rollout))) {
      return blocked('in-other-rollout');
    }
    // Another rollout has worked on it since this one began: the newer word counts.
    if (timeOf(mark.decidedAt) > context.startedAt) return over('canceled', 0);
  }
  if (report?.value.digest === context.target) return over('skipped', 0);
  const reason = context.fits(device);
  if (reason !== undefined) return blocked(reason);
  const penaltyEnds = timeOf(mark?.penaltyUntil);
  if (penaltyEnds > context.now) return { ...blocked('penalty'), until: penaltyEnds };
  return free(context, wave, device, 0);
}

function blocked(reason: BlockReason): Facts {
  return { state: 'blocked', kind: 'out', attempt: 0, blocked: reason, until: Infinity };
}

function over(state: DeviceState, attempt: number, code?: string): Facts {
  return { state, kind: 'out', attempt, code, until: Infinity };
}

/** Nothing is under way, and nothing but the rollout's own limits is in the way. */
function free(context: Context, wave: number, device: ObservedDevice, attempt: number): Facts {
  const openedAt = context.openedAt[wave];
  if (context.connectedOnly && !device.connected && openedAt !== undefined) {
    const until = openedAt + context.timeouts.offer;
    if (until <= context.now) return { state: 'unreached', kind: 'out', attempt, until: Infinity };
    return { state: 'planned', kind: 'free', attempt, until };
  }
  return { state: 'planned', kind: 'free', attempt, until: Infinity };
}

/** The rollout has offered something to the device; the mark says how far that is decided. */
function marked(context: Context, wave: number, device: ObservedDevice, mark: Mark): Facts {
  const { outcome, attempt } = mark;
  if (outcome === undefined) return ended(context, device, mark, followAttempt(context, wave, device, mark));
  if (outcome === 'canceled' || outcome === 'unreached') return undecided(context, wave, device, mark);
  if (outcome === 'succeeded') {
    return { state: mark.returning ? 'returned' : 'succeeded', kind: 'decided', attempt, until: Infinity };
  }
  if (context.retries.get(device.deviceId) === attempt) return free(context, wave, device, attempt);
  if (outcome === 'lost' && isBack(device, mark)) {
    const found: Found = { outcome: 'recovered', ...(mark.code !== undefined && { code: mark.code }) };
    return { state: 'recovered', kind: 'decided', attempt, code: mark.code, until: Infinity, found };
  }
  const facts: Facts = { state: outcome, kind: 'decided', attempt, code: mark.code, until: Infinity };
  if (outcome !== 'failed' || !mayRetry(mark.code, mark.failures ?? 1, context.policy)) return facts;
  const penaltyEnds = timeOf(mark.penaltyUntil);
  if (penaltyEnds > context.now) return { ...facts, until: penaltyEnds };
  const next = retryAt(device.deviceId, mark, context.policy);
  return { ...facts, kind: 'free', until: next > context.now ? next : Infinity };
}

/** A lost device comes back with its next report; one that went away in its bake, with its connection. */
function isBack({ report, connected }: ObservedDevice, { code, decidedAt }: Mark): boolean {
  if (code === ('bake-silent' satisfies FoundCode) && connected) return true;
  return report !== undefined && report.at > timeOf(decidedAt);
}

/** A device whose offer was taken back or not answered: it may have begun all the same, or it may be reachable by now. */
function undecided(context: Context, wave: number, device: ObservedDevice, mark: Mark): Facts {
  const { attempt, outcome, code } = mark;
  const answer = answerTo(context, device, mark);
  // What it had said before it fell silent is no answer.
  const isNew = outcome === 'unreached' && (device.report?.at ?? 0) > timeOf(mark.decidedAt);
  const hasBegun = isInstalling(answer) || (isNew && answer !== undefined && answer !== 'idle');
  if (hasBegun) return ended(context, device, mark, followAttempt(context, wave, device, mark));
  if (context.retries.get(device.deviceId) === attempt) return free(context, wave, device, attempt);
  if (outcome === 'canceled') {
    return code === ('window-over' satisfies FoundCode)
      ? free(context, wave, device, attempt)
      : over('canceled', attempt, code);
  }
  if (isOffered(context, device, mark)) return over('unreached', attempt, code);
  const wasAway = code === ('silent' satisfies FoundCode) || code === ('window-over' satisfies FoundCode);
  const isThere = wasAway ? device.connected : (device.report?.at ?? 0) > timeOf(mark.decidedAt);
  return isThere ? free(context, wave, device, attempt) : over('unreached', attempt, code);
}

/** What the device says about the attempt; undefined when it says nothing about it. */
function answerTo({ id }: Context, { report }: ObservedDevice, { attempt }: Mark): string | undefined {
  return report?.value.rollout === id && report.value.attempt === attempt ? report.value.state : undefined;
}

function isInstalling(state: string | undefined): boolean {
  return (
    state === 'installing' ||
    state === 'rebooting' ||
    state === 'trial' ||
    state === 'confirmed' ||
    state === 'reverted'
  );
}

/** A failure that was found just now is not decided while it will be tried again. */
function ended(context: Context, device: ObservedDevice, mark: Mark, facts: Facts): Facts {
  if (facts.state === 'succeeded' && mark.returning) return { ...facts, state: 'returned' };
  if (facts.state !== 'failed' || facts.found === undefined) return facts;
  const failures = failuresAfter(mark, facts.code, context.isHubAtFault);
  if (!mayRetry(facts.code, failures, context.policy) || failures >= context.policy.penalty.attempts) return facts;
  // Not before it is marked, because the backoff counts from there.
  return { ...facts, kind: 'free', until: Infinity };
}
