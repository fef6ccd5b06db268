/** The way back: each device is offered what it ran before, where that is kept and its release counter allows it. */
import type { Action, DecideInput, Finding } from '../model/decision.ts';
import type { Mark } from '../model/observed.ts';
import type { ReturnProblem, State } from '../model/record.ts';
import type { Context } from './context.ts';
import { returnMark } from './marks.ts';
import { countOffered, take, type Budget } from './offers.ts';
import type { Subject, Survey } from './survey.ts';

/** The state names so many; `why` tells for each device. */
const mostNamed = 1_000;

export interface Returns {
  readonly actions: readonly Action[];
  readonly cannotReturn: State['cannotReturn'];
  /** Devices that are still to be offered their way back. */
  readonly waiting: number;
}

export function makeReturns(
  context: Context,
  all: Survey,
  budget: Budget,
  former: DecideInput['former'],
  findings: Finding[],
): Returns {
  const actions: Action[] = all.announced.map((subject) => returnAction(context, subject, subject.facts.attempt));
  const cannotReturn: { deviceId: string; reason: ReturnProblem }[] = [];
  const unknown = new Map<string, string>();
  let waiting = 0;
  let isFull = false;
  for (const subject of subjectsOf(all)) {
    const verdict = returnability(context, subject.device.mark, former);
    if (verdict === 'ask') {
      waiting++;
      const previous = subject.device.mark?.previous;
      if (previous !== undefined) unknown.set(previous.digest, previous.version);
      continue;
    }
    if (verdict !== 'possible') {
      cannotReturn.push({ deviceId: subject.device.deviceId, reason: verdict });
      continue;
    }
    waiting++;
    // What was found about it just now is written first.
    if (isFull || subject.facts.found !== undefined) continue;
    const result = take(context, budget, subject);
    if (result === 'later') isFull = true;
    if (result !== 'taken') continue;
    uncount(all, subject);
    countOffered(all, subject);
    const attempt = subject.facts.attempt + 1;
    findings.push({ action: 'returned', details: { device: subject.device.deviceId, attempt } });
    actions.push(returnAction(context, subject, attempt));
  }
  for (const [digest, version] of unknown) actions.push({ kind: 'resolve', digest, version });
  return { actions, cannotReturn: cannotReturn.slice(0, mostNamed), waiting };
}

/** What runs the target because of the rollout and is past installing, and returns that failed and may be tried again. */
function subjectsOf(all: Survey): readonly Subject[] {
  const back = all.free.filter(({ device }) => device.mark?.returning === true);
  return [...all.updated.filter(({ facts }) => facts.kind === 'decided' || facts.state === 'baking'), ...back];
}

/** Why a device cannot be brought back, whether it can, or that the hub has to be asked first. */
export function returnability(
  { plan }: Pick<Context, 'plan'>,
  mark: Mark | undefined,
  former: DecideInput['former'],
): ReturnProblem | 'possible' | 'ask' {
  const previous = mark?.previous;
  if (previous === undefined || previous.digest === plan.firmware.manifest.sha256) return 'previous-unknown';
  const known = former?.get(previous.digest);
  if (known === undefined) return 'ask';
  if ('problem' in known) return known.problem;
  // The device has confirmed the rollout's counter by now, and refuses what is below.
  return known.releaseCounter < plan.firmware.manifest.releaseCounter ? 'downgrade' : 'possible';
}

function returnAction(context: Context, subject: Subject, attempt: number): Action {
  const { deviceId, etag } = subject.device;
  return { kind: 'return', deviceId, etag, mark: returnMark(context, subject, attempt) };
}

/** Its result is that of the way back from now on. */
function uncount(all: Survey, { facts }: Subject): void {
  if (facts.state === 'baking') all.inProgress--;
  if (facts.kind !== 'decided') return;
  all.decided--;
  if (facts.state === 'succeeded') {
    all.succeeded--;
    return;
  }
  all.failures--;
  const code = facts.code ?? facts.state;
  const left = (all.failuresByCode.get(code) ?? 1) - 1;
  if (left === 0) all.failuresByCode.delete(code);
  else all.failuresByCode.set(code, left);
}
