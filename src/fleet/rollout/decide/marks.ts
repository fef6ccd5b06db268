/** What is written to a twin's tags about an attempt. */
import type { Action, Finding } from '../model/decision.ts';
import type { Mark, ObservedDevice } from '../model/observed.ts';
import type { State } from '../model/record.ts';
import type { Context } from './context.ts';
import { failuresAfter, penaltyEnd } from './retries.ts';
import type { Subject, Survey } from './survey.ts';

/** With an offer: what ran before, and what the device has counted so far. */
export function offerMark({ id, target }: Context, { device, wave }: Subject, attempt: number): Mark {
  const { report } = device;
  const own = device.mark?.rollout === id ? device.mark : undefined;
  const running = report && { version: report.value.version, digest: report.value.digest };
  const previous = own?.previous ?? running;
  // One that has put an attempt off goes on counting when its window was over meanwhile.
  const deferrals = own?.code === 'window-over' && own.deferrals ? { count: own.deferrals.count, seq: 0 } : undefined;
  return {
    rollout: id,
    wave,
    attempt,
    ...(previous && { previous }),
    ...startsBefore(report, target),
    ...(own?.failures !== undefined && { failures: own.failures }),
    ...(deferrals && { deferrals }),
  };
}

/** With the way back: an attempt of its own, with its own retries. */
export function returnMark({ id }: Context, { device, wave }: Subject, attempt: number): Mark {
  const { report, mark } = device;
  return {
    rollout: id,
    wave,
    attempt,
    returning: true,
    ...(mark?.previous && { previous: mark.previous }),
    ...startsBefore(report, mark?.previous?.digest),
    ...(mark?.returning && mark.failures !== undefined && { failures: mark.failures }),
  };
}

/** A device that runs what it is offered already confirms that without a restart. */
function startsBefore(report: ObservedDevice['report'], digest: string | undefined): Pick<Mark, 'bootCount'> {
  return report === undefined || report.value.digest === digest ? {} : { bootCount: report.value.bootCount };
}

const isFailing: ReadonlySet<string> = new Set(['failed', 'rejected', 'reverted', 'lost']);

/** What is announced in one state at most. */
const mostDeciding = 1_000;

export interface Marking {
  readonly actions: readonly Action[];
  readonly deciding: NonNullable<State['deciding']>;
}

/** Writes down what was found. Outcomes that the state has not announced yet are told to the audit. */
export function makeMarks(context: Context, all: Survey, before: State | undefined, findings: Finding[]): Marking {
  const announced = new Map(before?.deciding?.map((each) => [each.deviceId, each]));
  const actions: Action[] = [];
  const deciding: NonNullable<State['deciding']>[number][] = [];
  for (const subject of all.found) {
    const action = deciding.length < mostDeciding ? foundAction(context, subject) : undefined;
    if (action === undefined) continue;
    actions.push(action);
    const { outcome, code = null } = subject.facts.found ?? {};
    if (outcome === undefined) continue;
    const { deviceId } = subject.device;
    const { attempt } = subject.facts;
    deciding.push({ deviceId, attempt, outcome });
    const known = announced.get(deviceId);
    if (known?.attempt === attempt && known.outcome === outcome) continue;
    findings.push({ action: 'device-decided', details: { device: deviceId, attempt, outcome, code } });
  }
  return { actions, deciding };
}

/** Nothing when the device has no mark of this rollout. */
function foundAction(context: Context, { device, facts }: Subject): Action | undefined {
  const { mark } = device;
  const { found } = facts;
  if (mark === undefined || found === undefined) return undefined;
  const { outcome, code, note, withdraw } = found;
  if (outcome === undefined)
    return { kind: 'mark', deviceId: device.deviceId, etag: device.etag, mark: { ...mark, ...note } };
  const decided = decidedMark(context, { ...mark, ...note }, outcome, code);
  return { kind: withdraw ? 'withdraw' : 'mark', deviceId: device.deviceId, etag: device.etag, mark: decided };
}

function decidedMark(
  { now, policy, isHubAtFault }: Context,
  mark: Mark,
  outcome: NonNullable<Mark['outcome']>,
  code?: string,
): Mark {
  const { code: _code, penaltyUntil: _penalty, ...kept } = mark;
  const failures = isFailing.has(outcome) ? failuresAfter(mark, code, isHubAtFault) : mark.failures;
  const penaltyUntil = isFailing.has(outcome) ? penaltyEnd(failures ?? 0, now, policy) : undefined;
  return {
    ...kept,
    outcome,
    ...(code !== undefined && { code }),
    decidedAt: new Date(now).toISOString(),
    ...(failures !== undefined && { failures }),
    ...(penaltyUntil !== undefined && { penaltyUntil }),
  };
}

/** Takes an offer back that the rollout will not follow any more. */
export function takeBack({ now }: Context, device: ObservedDevice, mark: Mark, isUnreached: boolean): Action {
  const { code: _code, ...kept } = mark;
  const decided: Mark = {
    ...kept,
    outcome: isUnreached ? 'unreached' : 'canceled',
    code: isUnreached ? 'ended' : 'aborted',
    decidedAt: new Date(now).toISOString(),
  };
  return { kind: 'withdraw', deviceId: device.deviceId, etag: device.etag, mark: decided };
}
