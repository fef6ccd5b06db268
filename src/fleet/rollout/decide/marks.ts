/** What is written to a twin's tags about an attempt. */
import type { Action, Finding } from '../model/decision.ts';
import type { Mark, ObservedDevice } from '../model/observed.ts';
import type { Context } from './context.ts';
import { penaltyEnd } from './retries.ts';
import type { Subject } from './survey.ts';

/** With an offer: what ran before, and what the device has counted so far. */
export function offerMark({ id }: Context, { device, wave }: Subject, attempt: number): Mark {
  const { report } = device;
  const own = device.mark?.rollout === id ? device.mark : undefined;
  const running = report && { version: report.value.version, digest: report.value.digest };
  const previous = own?.previous ?? running;
  // One that has put an attempt off goes on counting when its window was over meanwhile.
  const deferrals = own?.code === 'window-over' && own.deferrals ? { count: own.deferrals.count, seq: -1 } : undefined;
  return {
    rollout: id,
    wave,
    attempt,
    ...(previous && { previous }),
    ...(report && { bootCount: report.value.bootCount }),
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
    ...(report && { bootCount: report.value.bootCount }),
    ...(mark?.returning && mark.failures !== undefined && { failures: mark.failures }),
  };
}

const isFailing: ReadonlySet<string> = new Set(['failed', 'rejected', 'reverted', 'lost']);

/** Writes down what was found about an attempt; nothing when the device has no mark of this rollout. */
export function foundAction(context: Context, subject: Subject, findings: Finding[]): Action | undefined {
  const { device, facts } = subject;
  const { mark } = device;
  const { found } = facts;
  if (mark === undefined || found === undefined) return undefined;
  const { outcome, code, note, withdraw } = found;
  if (outcome === undefined)
    return { kind: 'mark', deviceId: device.deviceId, etag: device.etag, mark: { ...mark, ...note } };
  findings.push({
    action: 'device-decided',
    details: { device: device.deviceId, attempt: mark.attempt, outcome, code: code ?? null },
  });
  const decided = decidedMark(context, { ...mark, ...note }, outcome, code);
  return { kind: withdraw ? 'withdraw' : 'mark', deviceId: device.deviceId, etag: device.etag, mark: decided };
}

function decidedMark({ now, policy }: Context, mark: Mark, outcome: NonNullable<Mark['outcome']>, code?: string): Mark {
  const { code: _code, penaltyUntil: _penalty, ...kept } = mark;
  const failures = isFailing.has(outcome) ? (mark.failures ?? 0) + 1 : mark.failures;
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
