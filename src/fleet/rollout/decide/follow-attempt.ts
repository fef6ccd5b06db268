/** An attempt from the offer to its outcome: what the device has said about it last, and what its silence means. */
import type { Mark, ObservedDevice } from '../model/observed.ts';
import { tagAt } from '../plan/device-facts.ts';
import type { FoundCode } from './codes.ts';
import type { Context } from './context.ts';
import { isOffered, type Facts, type Found } from './facts.ts';
import { timeOf } from './retries.ts';

type Report = NonNullable<ObservedDevice['report']>;

/** Restarts that a device may have behind it, from the offer to the end of its bake; more is no health. */
const mostRestarts = 10;

/** The state of an attempt that has no outcome yet. */
export function followAttempt(context: Context, wave: number, device: ObservedDevice, mark: Mark): Facts {
  const { report } = device;
  const isAnswer = report?.value.rollout === context.id && report.value.attempt === mark.attempt;
  const answer = isAnswer ? report : undefined;
  const target = mark.returning ? mark.previous?.digest : context.target;
  switch (answer?.value.state) {
    case undefined:
    case 'idle':
    case 'deferred':
    case 'downloading':
    case 'staged':
      return beforeInstall(context, device, mark, answer, target);
    case 'installing':
      return silentUntil('installing', mark, answer, context.timeouts.install, 'install-timeout', context.now);
    case 'rebooting':
      return silentUntil('rebooting', mark, answer, context.timeouts.reboot, 'reboot-timeout', context.now);
    case 'trial': {
      // The device goes back by itself after `confirm`, and needs a restart to say so.
      const time = context.timeouts.confirm + context.timeouts.reboot;
      return (
        otherDigest(mark, answer, target) ?? silentUntil('trial', mark, answer, time, 'trial-timeout', context.now)
      );
    }
    case 'confirmed':
      return otherDigest(mark, answer, target) ?? baking(context, wave, device, mark, answer);
    case 'reverted':
      return found('reverted', mark, answer.value.code ?? 'old-digest');
    case 'failed':
    case 'rejected':
      return found(answer.value.state, mark, answer.value.code ?? answer.value.state);
  }
}

function begun(state: Facts['state'], { attempt }: Mark, until: number, note?: Found['note']): Facts {
  return { state, kind: 'begun', attempt, until, ...(note && { found: { note } }) };
}

type Ending = 'succeeded' | 'failed' | 'rejected' | 'reverted' | 'lost';

function found(state: Ending, { attempt }: Mark, code?: string, withdraw?: true): Facts {
  const result: Found = { outcome: state, ...(code !== undefined && { code }), ...(withdraw && { withdraw }) };
  return { state, kind: 'decided', attempt, code, until: Infinity, found: result };
}

/** A device that has begun to install and is not heard of any more is lost. */
function silentUntil(
  state: 'installing' | 'rebooting' | 'trial',
  mark: Mark,
  { at }: Report,
  time: number,
  code: FoundCode,
  now: number,
): Facts {
  return now >= at + time ? found('lost', mark, code) : begun(state, mark, at + time);
}

/** What a device runs after its restart is either the target, or what it ran before, or something that nobody has asked for. */
function otherDigest(mark: Mark, { value }: Report, target: string | undefined): Facts | undefined {
  if (value.digest === target) return undefined;
  if (value.digest === mark.previous?.digest) return found('reverted', mark, 'old-digest');
  return found('failed', mark, 'digest-differs' satisfies FoundCode);
}

/** Success is what is left when the device has restarted, runs the target, and has stayed. */
function baking(context: Context, wave: number, device: ObservedDevice, mark: Mark, { value, at }: Report): Facts {
  const restarts = mark.bootCount === undefined ? 1 : value.bootCount - mark.bootCount;
  if (restarts < 1) return found('failed', mark, 'not-rebooted' satisfies FoundCode);
  if (restarts > mostRestarts) return found('failed', mark, 'unstable' satisfies FoundCode);
  const bakedAt = at + (mark.returning ? 0 : (context.bakeOfWave[wave] ?? 0));
  if (context.now < bakedAt) return begun('baking', mark, bakedAt);
  if (device.connected) return found('succeeded', mark);
  // Silence at the end of the bake may be a short one.
  const lostAt = bakedAt + context.timeouts.reboot;
  return context.now < lostAt ? begun('baking', mark, lostAt) : found('lost', mark, 'bake-silent');
}

/** Nothing is installed yet: the offer can still be taken back, and silence breaks nothing. */
function beforeInstall(
  context: Context,
  device: ObservedDevice,
  mark: Mark,
  answer: Report | undefined,
  target: string | undefined,
): Facts {
  const { offer } = device;
  if (offer === undefined || !isOffered(context, device, mark)) {
    const code = 'offer-removed' satisfies FoundCode;
    return {
      state: 'canceled',
      kind: 'out',
      attempt: mark.attempt,
      code,
      until: Infinity,
      found: { outcome: 'canceled', code },
    };
  }
  const span = windowOf(context, device, mark);
  if (span !== undefined && span.closes <= context.now) return windowIsOver(device, mark, answer);
  const facts = waitingOrBegun(context, device, mark, answer, target);
  return span !== undefined && facts.until > span.closes ? { ...facts, until: span.closes } : facts;
}

function waitingOrBegun(
  context: Context,
  device: ObservedDevice,
  mark: Mark,
  answer: Report | undefined,
  target: string | undefined,
): Facts {
  const { now, timeouts } = context;
  const isFirst = mark.bootCount === undefined && answer !== undefined && answer.value.digest !== target;
  const note = isFirst ? { bootCount: answer.value.bootCount } : undefined;
  const state = answer?.value.state;
  if (answer !== undefined && state === 'deferred') return deferred(context, mark, answer, note);
  if (answer !== undefined && (state === 'downloading' || state === 'staged')) {
    const isStaged = state === 'staged';
    const from = Math.max(answer.at, isStaged ? timeOf(device.offer?.value.notBefore) : 0);
    const until = from + (isStaged ? timeouts.install : timeouts.stall);
    return now >= until ? found('failed', mark, 'stalled', true) : begun(state, mark, until, note);
  }
  const hasRestarted = answer !== undefined && answer.value.bootCount > (mark.bootCount ?? Infinity);
  if (hasRestarted && answer.value.digest !== target) return found('reverted', mark, 'old-digest');
  return waiting(context, device, mark);
}

function waiting(context: Context, { connected, offer }: ObservedDevice, { attempt }: Mark): Facts {
  const offeredAt = offer?.at ?? 0;
  const isAwayTooLong = context.connectedOnly && !connected && context.now >= offeredAt + context.timeouts.stall;
  const until = offeredAt + context.timeouts.offer;
  if (context.now < until && !isAwayTooLong) {
    const next = context.connectedOnly && !connected ? Math.min(until, offeredAt + context.timeouts.stall) : until;
    return { state: 'offered', kind: 'waiting', attempt, until: next };
  }
  // Where places are limited, a device that is away gives its place to others.
  return unreached(attempt, connected ? 'no-answer' : 'silent', isAwayTooLong);
}

function unreached(attempt: number, code: FoundCode, withdraw: boolean): Facts {
  const result: Found = { outcome: 'unreached', code, ...(withdraw && { withdraw: true as const }) };
  return { state: 'unreached', kind: 'out', attempt, code, until: Infinity, found: result };
}

function deferred(context: Context, mark: Mark, { value, at }: Report, note: Found['note']): Facts {
  const { now, timeouts, policy } = context;
  const isNew = mark.deferrals?.seq !== value.seq;
  const count = (mark.deferrals?.count ?? 0) + (isNew ? 1 : 0);
  if (count > policy.maxDeferrals) return found('failed', mark, 'too-many-deferrals', true);
  // A device cannot put itself off for longer than an offer waits.
  const until = Math.min(Math.max(at, timeOf(value.until ?? undefined)), at + timeouts.offer) + timeouts.offer;
  if (now >= until) return unreached(mark.attempt, 'no-answer', false);
  const notes = isNew ? { ...note, deferrals: { count, seq: value.seq } } : note;
  return begun('deferred', mark, until, notes);
}

/** The window that an offer was made for; undefined when any time will do. */
function windowOf(
  { findWindow, timezonePath }: Context,
  { offer, tags }: ObservedDevice,
  mark: Mark,
): ReturnType<NonNullable<Context['findWindow']>> | undefined {
  if (findWindow === undefined || offer === undefined || mark.returning) return undefined;
  const timezone = tagAt(tags, timezonePath);
  const from = Math.max(offer.at, timeOf(offer.value.notBefore));
  return findWindow(typeof timezone === 'string' ? timezone : undefined, from);
}

/** What has not begun in its window must not begin after it: the offer goes, and another is made for the next window. */
function windowIsOver({ connected }: ObservedDevice, mark: Mark, answer: Report | undefined): Facts {
  if (answer === undefined) return unreached(mark.attempt, connected ? 'no-answer' : 'window-over', true);
  const code = 'window-over' satisfies FoundCode;
  const result: Found = { outcome: 'canceled', code, withdraw: true };
  return { state: 'planned', kind: 'free', attempt: mark.attempt, code, until: Infinity, found: result };
}
