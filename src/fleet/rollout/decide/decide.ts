/** The rollout's brain. The rules in words are in docs/concepts/rollouts.md. */
import { isDeepStrictEqual } from 'node:util';
import type { Action, Decide, DecideInput, Decision, Finding } from '../model/decision.ts';
import type { ObservedDevice } from '../model/observed.ts';
import type { HaltReason, Phase, State, WaveState } from '../model/record.ts';
import { contextOf, type Context } from './context.ts';
import { courseFindings, courseOf, type Course } from './course.ts';
import { countMeasurements, dueMeasurements, measureAnew } from './gates.ts';
import { joinersOf } from './joiners.ts';
import { makeMarks, takeBack, type Marking } from './marks.ts';
import { budgetOf, makeOffers, rateAfter, type Budget } from './offers.ts';
import { perMinuteNow, refill } from './rate.ts';
import { makeReturns } from './returns.ts';
import { summarise } from './summary.ts';
import { lookAt, survey, type Assigned, type Survey } from './survey.ts';
import { isWaveDone, moveWaves } from './waves.ts';

/** Without anything to wait for, a rollout is looked at this often. */
const idleMs = 60_000;
/** What was to be done may have failed, because a twin has changed meanwhile: it is tried again with the next look. */
const againMs = 1_000;

export const decide: Decide = (input) => {
  const { state: before, intent, now } = input;
  if (before !== undefined && isOver(before) && !(intent.ending === 'revert' && before.phase !== 'reverted')) {
    return { state: before, changed: false, actions: [], findings: [], nextAt: now + idleMs };
  }
  const findings: Finding[] = [];
  const resumed = (intent.resumes ?? 0) > (before?.resumes ?? 0);
  const measured = countMeasurements(input.plan.spec.policy, before?.waves ?? [], input.measurements, findings);
  const waves = resumed ? measured.map(measureAnew) : measured;
  const joined = before?.joined ?? [];
  const look = (state: State | undefined): Look => {
    const context = contextOf(input, state);
    const all = survey(context, input.observed, joined);
    const done = isWaveDone(context, all, waves.length, joined);
    return { context, all, course: courseOf(input, all, waves, { resumed, isWaveDone: done }) };
  };
  const first = look(before);
  // What is announced and not written yet is taken back by a halt, and then it does not count.
  const isDropped = before !== undefined && before.offering.length > 0 && mayNotOffer(first.course, before.phase);
  const seen = isDropped ? look({ ...before, offering: [] }) : first;
  if (resumed) findings.push({ action: 'resumed', details: {} });
  return seen.course.ending === undefined
    ? goOn(input, seen, waves, findings)
    : goBack(input, seen, seen.course.ending, waves, findings);
};

interface Look {
  readonly context: Context;
  readonly all: Survey;
  readonly course: Course;
}

function isOver({ phase }: State): boolean {
  return phase === 'completed' || phase === 'aborted' || phase === 'reverted';
}

function mayNotOffer({ ending, halt }: Course, phase: Phase): boolean {
  if (ending === 'revert') return phase !== 'reverting';
  return ending === 'abort' || halt !== undefined;
}

/** The ordinary course: joiners, waves, offers, gates. */
function goOn(
  input: DecideInput,
  { context, all, course }: Look,
  before: readonly WaveState[],
  findings: Finding[],
): Decision {
  const { observed, intent, now } = input;
  const { policy } = context;
  const known = input.state?.joined ?? [];
  const budget = freshBudget(context, all, input.state);
  let joined: readonly Assigned[] = known;
  let waves = before;
  let { halt } = course;
  let actions: readonly Action[] = [];
  if (halt === undefined) {
    joined = join(context, all, observed, known, before.length, findings);
    const moved = moveWaves(context, all, before, intent, joined, findings);
    ({ waves } = moved);
    halt = moved.waitsFor;
    actions = makeOffers(context, all, waves.length, budget, findings);
    const wave = waves.length - 1;
    const current = waves[wave];
    const due = current && halt === undefined ? dueMeasurements(policy, current, wave, now) : undefined;
    if (due !== undefined) actions = [...actions, ...due.actions];
    budget.nextAt = Math.min(budget.nextAt, moved.nextAt, due?.nextAt ?? Infinity);
  }
  const marks = makeMarks(context, all, input.state, findings);
  const isThrough = waves.length === policy.waves.length && waves.at(-1)?.closedAt !== undefined;
  const isDone =
    isThrough && halt === undefined && all.open === 0 && budget.offering.length === 0 && all.found.length === 0;
  const leftovers = isDone ? takeBackAll(context, all) : [];
  const phase = isDone && leftovers.length === 0 ? 'completed' : halt === undefined ? 'running' : 'paused';
  return conclude(input, context, all, {
    phase,
    halt,
    waves,
    joined,
    budget,
    cannotReturn: [],
    deciding: marks.deciding,
    actions: [...marks.actions, ...leftovers, ...actions],
    findings,
  });
}

/** Nothing is offered any more; what has not begun is taken back, what has is followed to its end, and a revert brings back the rest. */
function goBack(
  input: DecideInput,
  { context, all, course }: Look,
  ending: 'abort' | 'revert',
  waves: readonly WaveState[],
  findings: Finding[],
): Decision {
  const budget = freshBudget(context, all, input.state);
  const marks = makeMarks(context, all, input.state, findings);
  const withdrawn = takeBackAll(context, all);
  const returns =
    ending === 'revert'
      ? makeReturns(context, all, budget, input.former, findings)
      : { actions: [], cannotReturn: [], waiting: 0 };
  const isDone =
    all.inProgress === 0 && returns.waiting === 0 && budget.offering.length + all.found.length + withdrawn.length === 0;
  const [going, over] = ending === 'abort' ? (['aborting', 'aborted'] as const) : (['reverting', 'reverted'] as const);
  return conclude(input, context, all, {
    phase: isDone ? over : going,
    halt: course.halt,
    waves,
    joined: input.state?.joined ?? [],
    budget,
    cannotReturn: returns.cannotReturn,
    deciding: marks.deciding,
    actions: [...marks.actions, ...withdrawn, ...returns.actions],
    findings,
  });
}

function freshBudget(context: Context, all: Survey, before: State | undefined): Budget {
  return budgetOf(context, all, refill(before?.rate, context.now), perMinuteNow(context.policy, all));
}

function join(
  context: Context,
  all: Survey,
  observed: ReadonlyMap<string, ObservedDevice>,
  known: readonly Assigned[],
  opened: number,
  findings: Finding[],
): readonly Assigned[] {
  const joiners = joinersOf(context, observed, known, { opened, seen: all.seen }, findings);
  for (const { deviceId, wave } of joiners) lookAt(context, all, wave, observed.get(deviceId));
  return joiners.length === 0 ? known : [...known, ...joiners];
}

const notBegun: ReadonlySet<string> = new Set(['offered', 'deferred', 'downloading', 'staged', 'unreached']);

/** Takes back what is offered and not begun; what was found about a device just now goes first. */
function takeBackAll(context: Context, all: Survey): readonly Action[] {
  return all.offered.flatMap(({ device, facts }) => {
    const { mark } = device;
    if (mark === undefined || mark.returning || facts.found !== undefined || !notBegun.has(facts.state)) return [];
    return [takeBack(context, device, mark, facts.state === 'unreached')];
  });
}

interface Outcome {
  readonly phase: Phase;
  readonly halt: HaltReason | undefined;
  readonly waves: readonly WaveState[];
  readonly joined: readonly Assigned[];
  readonly budget: Budget;
  readonly cannotReturn: State['cannotReturn'];
  readonly deciding: Marking['deciding'];
  readonly actions: readonly Action[];
  readonly findings: Finding[];
}

function conclude(input: DecideInput, context: Context, all: Survey, outcome: Outcome): Decision {
  const { state: before, intent, now, fence } = input;
  const { phase, halt, budget, actions, findings } = outcome;
  findings.push(...courseFindings(before, phase, halt));
  const { startedAt } = context;
  const isEnd = phase === 'completed' || phase === 'aborted' || phase === 'reverted';
  const state: State = {
    phase,
    ...(halt !== undefined && { halt }),
    waves: outcome.waves,
    offering: budget.offering,
    ...(outcome.deciding.length > 0 && { deciding: outcome.deciding }),
    rate: rateAfter(context, all, budget, before?.rate),
    joined: outcome.joined,
    cannotReturn: outcome.cannotReturn,
    ...(intent.resumes !== undefined && { resumes: intent.resumes }),
    summary: summarise(all, { phase, startedAt, now, offers: budget.offering.length }),
    startedAt,
    updatedAt: now,
    ...(isEnd && { endedAt: now }),
    fence,
  };
  const next = Math.min(all.nextAt, budget.nextAt, actions.length > 0 ? now + againMs : now + idleMs);
  const nextAt = isEnd ? now + idleMs : Math.max(now, next);
  return {
    state,
    changed: before === undefined || !isDeepStrictEqual(essence(state), essence(before)),
    actions,
    findings,
    nextAt,
  };
}

/** All of a state but what time alone changes. */
function essence({ rate, summary, ...state }: State): unknown {
  const { offersPerMinute: _recent, endsAt: _end, ...counts } = summary;
  return { ...state, updatedAt: 0, perMinute: rate.perMinute, summary: counts };
}
