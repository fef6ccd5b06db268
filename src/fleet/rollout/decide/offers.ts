/** Which devices are offered the firmware now, within every limit. */
import type { Action, Finding } from '../model/decision.ts';
import type { State } from '../model/record.ts';
import { tagAt } from '../plan/device-facts.ts';
import type { Context } from './context.ts';
import { offerMark } from './marks.ts';
import { hasToken, nextTokenAt, perMinuteNow } from './rate.ts';
import { domainOf, type Subject, type Survey } from './survey.ts';

/** What is announced in one state at most, so that a stop comes soon and the record stays small. */
const mostAnnounced = 500;

/** The limits of a decision, which its offers use up. */
export interface Budget {
  tokens: number;
  readonly perMinute: number;
  readonly isRated: boolean;
  places: number;
  readonly inDomain: Map<string, number>;
  readonly mostInDomain: number;
  readonly offering: { readonly deviceId: string; readonly attempt: number }[];
  nextAt: number;
}

export function budgetOf({ policy }: Context, all: Survey, tokens: number, perMinute: number): Budget {
  return {
    tokens,
    perMinute,
    isRated: policy.rate !== undefined,
    places: (policy.maxInProgress ?? Infinity) - all.inProgress,
    inDomain: all.inDomain,
    mostInDomain: policy.faultDomain?.max ?? Infinity,
    offering: all.announced.map(({ device, facts }) => ({ deviceId: device.deviceId, attempt: facts.attempt })),
    nextAt: Infinity,
  };
}

/** Takes a place for a device; `later` when nobody gets one now, `blocked` when only this one does not. */
export function take(context: Context, budget: Budget, { device, facts }: Subject): 'taken' | 'blocked' | 'later' {
  const domain = domainOf(context, device);
  if (domain !== undefined && (budget.inDomain.get(domain) ?? 0) >= budget.mostInDomain) return 'blocked';
  if (budget.places < 1) return 'later';
  if (budget.isRated && !hasToken(budget.tokens)) {
    budget.nextAt = Math.min(budget.nextAt, nextTokenAt(budget.tokens, budget.perMinute, context.now));
    return 'later';
  }
  if (budget.offering.length >= mostAnnounced) {
    budget.nextAt = context.now;
    return 'later';
  }
  budget.places--;
  if (budget.isRated) budget.tokens--;
  if (domain !== undefined) budget.inDomain.set(domain, (budget.inDomain.get(domain) ?? 0) + 1);
  budget.offering.push({ deviceId: device.deviceId, attempt: facts.attempt + 1 });
  return 'taken';
}

/** Announces offers to devices of open waves: those that are connected first, each group in the order of the plan. */
export function makeOffers(
  context: Context,
  all: Survey,
  opened: number,
  budget: Budget,
  findings: Finding[],
): Action[] {
  // Announced before, perhaps by a controller that is no more: they have their places.
  const actions = all.announced.map((subject) => offerAction(context, subject, subject.facts.attempt));
  for (const isConnected of context.connectedOnly ? [true] : [true, false]) {
    for (const subject of all.free) {
      const { device, wave, facts } = subject;
      if (device.connected !== isConnected || wave >= opened) continue;
      const opens = context.policy.window?.download === 'in-window' ? opensAt(context, subject) : undefined;
      if (opens !== undefined) {
        budget.nextAt = Math.min(budget.nextAt, opens);
        block(all, subject, 'outside-window');
        continue;
      }
      const result = take(context, budget, subject);
      if (result === 'later') return actions;
      if (result === 'blocked') {
        block(all, subject, 'fault-domain');
        continue;
      }
      const attempt = facts.attempt + 1;
      countOffered(all, subject);
      findings.push({ action: 'offered', details: { device: device.deviceId, attempt, wave: wave + 1 } });
      actions.push(offerAction(context, subject, attempt));
    }
  }
  return actions;
}

function offerAction(context: Context, subject: Subject, attempt: number): Action {
  const { deviceId, etag } = subject.device;
  const opens = opensAt(context, subject);
  return {
    kind: 'offer',
    deviceId,
    etag,
    mark: offerMark(context, subject, attempt),
    ...(opens !== undefined && { notBefore: new Date(opens).toISOString() }),
  };
}

/** When the device's window opens; undefined when it is open, or any time will do. */
export function opensAt(
  { findWindow, timezonePath, now }: Context,
  { device }: Pick<Subject, 'device'>,
): number | undefined {
  if (findWindow === undefined) return undefined;
  const timezone = tagAt(device.tags, timezonePath);
  const { opens } = findWindow(typeof timezone === 'string' ? timezone : undefined, now);
  return opens > now ? opens : undefined;
}

/** The counts are those after the decision, so that deciding again finds the same. */
export function countOffered(all: Survey, { wave, facts }: Subject): void {
  const states = all.waves[wave];
  states?.set(facts.state, (states.get(facts.state) ?? 1) - 1);
  if (states?.get(facts.state) === 0) states.delete(facts.state);
  states?.set('offered', (states.get('offered') ?? 0) + 1);
  all.inProgress++;
  if (facts.attempt === 0) all.notified++;
}

function block(all: Survey, { wave, facts }: Subject, reason: 'outside-window' | 'fault-domain'): void {
  // A failed device stays one while it waits for its next attempt.
  if (facts.state !== 'planned') return;
  all.blocked.set(reason, (all.blocked.get(reason) ?? 0) + 1);
  const states = all.waves[wave];
  states?.set('planned', (states.get('planned') ?? 1) - 1);
  if (states?.get('planned') === 0) states.delete('planned');
  states?.set('blocked', (states.get('blocked') ?? 0) + 1);
}

/** The rate as the state carries it: the next tokens come by the counts after this decision. */
export function rateAfter(
  { policy, now }: Context,
  all: Survey,
  { tokens }: Budget,
  before: State['rate'] | undefined,
): State['rate'] {
  return { tokens, perMinute: perMinuteNow(policy, all), at: Math.max(now, before?.at ?? now) };
}
