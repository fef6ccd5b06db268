/** Why a device is where it is, for `rollout why`: what is known, what it waits for, what happens next, what a person could do. */
import type { DecideInput, FormerFirmware } from '../model/decision.ts';
import type { DeviceState, ObservedDevice } from '../model/observed.ts';
import type { BlockReason, Plan } from '../model/plan.ts';
import type { HaltReason, ReturnProblem, State } from '../model/record.ts';
import { foundCodes } from './codes.ts';
import { contextOf, type Context } from './context.ts';
import { factsOf } from './device-state.ts';
import type { Facts } from './facts.ts';
import { opensAt } from './offers.ts';
import { hasToken, nextTokenAt, refill } from './rate.ts';
import { returnability } from './returns.ts';
import { domainOf } from './survey.ts';

/** Times are Unix milliseconds. */
export type WaitReason =
  | { readonly kind: 'ended' }
  | { readonly kind: 'halt'; readonly halt: HaltReason }
  /** `current` is the wave that has to pass first; undefined before the first has opened. */
  | { readonly kind: 'wave'; readonly wave: number; readonly current: number | undefined }
  | { readonly kind: 'blocked'; readonly reason: BlockReason; readonly until: number | undefined }
  | { readonly kind: 'retry'; readonly at: number }
  | { readonly kind: 'window'; readonly at: number }
  | { readonly kind: 'connection' }
  | { readonly kind: 'fault-domain'; readonly domain: string }
  | { readonly kind: 'places'; readonly inProgress: number }
  | { readonly kind: 'rate'; readonly at: number };

/** What could be done about it; the commands are the reader's business. */
export type Advice =
  | 'resume'
  | 'approve'
  | 'promote'
  | 'retry'
  | 'enable'
  | 'connect'
  | 'report-hardware'
  | 'report-version'
  | 'other-firmware'
  | 'intermediate-firmware'
  | 'look-at-other-rollout'
  | 'look-at-device';

export interface Explanation {
  readonly deviceId: string;
  /** Undefined for a device that does not belong to the rollout. */
  readonly place?: {
    /** Index of the wave, from 0. */
    readonly wave: number;
    readonly isOpen: boolean;
    /** In the order of the plan, from 0; undefined for one that joined later. */
    readonly position?: number;
    readonly joined: boolean;
  };
  readonly state?: DeviceState;
  /** The newest attempt, 0 before the first; failed ones among them. */
  readonly attempt: number;
  readonly failures: number;
  readonly code?: string;
  /** Of a code that the controller has given; a device's own are in docs/concepts/firmware.md. */
  readonly meaning?: string;
  /** In the device's own words; not to be trusted. */
  readonly message?: string;
  /** What the device waits for, the nearest first; empty when it is the device's turn. */
  readonly waitsFor: readonly WaitReason[];
  /** What becomes of it when nothing happens until then. */
  readonly next?: { readonly at: number; readonly state: DeviceState };
  readonly returnProblem?: ReturnProblem;
  readonly advice: readonly Advice[];
}

export interface ExplainRequest extends Pick<DecideInput, 'plan' | 'intent' | 'others' | 'former' | 'now'> {
  readonly deviceId: string;
  readonly state: State | undefined;
  /** Undefined when the hub has no such device. */
  readonly device: ObservedDevice | undefined;
}

export function explainDevice(request: ExplainRequest): Explanation {
  const { plan, state, deviceId, device, former } = request;
  const place = placeOf(plan, state, deviceId);
  if (place === undefined) return { deviceId, attempt: 0, failures: 0, waitsFor: [], advice: [] };
  const context = contextOf({ ...request, observed: new Map(), measurements: [], fence: 0 }, state);
  const facts = factsOf(context, place.wave, device);
  const waitsFor = waitsOf(context, facts, place.wave, request);
  const isOver = state?.phase === 'aborted' || state?.phase === 'reverted' || state?.phase === 'completed';
  const message = device?.report?.value.rollout === plan.spec.id ? device.report.value.message : undefined;
  const meaning = facts.code === undefined ? undefined : (foundCodes as Readonly<Record<string, string>>)[facts.code];
  const problem = returnProblemOf(context, facts, device, state, former);
  const next = isOver ? undefined : nextOf(facts);
  return {
    deviceId,
    place,
    state: isOver && facts.state === 'planned' ? 'canceled' : facts.state,
    attempt: facts.attempt,
    failures: device?.mark?.rollout === plan.spec.id ? (device.mark.failures ?? 0) : 0,
    ...(facts.code !== undefined && { code: facts.code }),
    ...(meaning !== undefined && { meaning }),
    ...(typeof message === 'string' && { message }),
    waitsFor,
    ...(next && { next }),
    ...(problem && { returnProblem: problem }),
    advice: isOver ? [] : [...new Set([...waitsFor.flatMap(adviceFor), ...adviceForState(facts)])],
  };
}

function placeOf(plan: Plan, state: State | undefined, deviceId: string): Explanation['place'] {
  const opened = state?.waves.length ?? 0;
  const position = plan.devices.findIndex((planned) => planned.deviceId === deviceId);
  const planned = plan.devices[position];
  if (planned !== undefined) return { wave: planned.wave, isOpen: planned.wave < opened, position, joined: false };
  const joiner = state?.joined.find((each) => each.deviceId === deviceId);
  return joiner && { wave: joiner.wave, isOpen: joiner.wave < opened, joined: true };
}

function waitsOf(context: Context, facts: Facts, wave: number, request: ExplainRequest): readonly WaitReason[] {
  const { state, device, now } = request;
  if (facts.blocked !== undefined) {
    return [{ kind: 'blocked', reason: facts.blocked, until: finite(facts.until) }];
  }
  if (facts.kind !== 'free' || device === undefined) return [];
  if (state?.endedAt !== undefined || state?.phase === 'aborting' || state?.phase === 'reverting') {
    return [{ kind: 'ended' }];
  }
  const waits: WaitReason[] = [];
  if (facts.state === 'failed' && facts.until !== Infinity) waits.push({ kind: 'retry', at: facts.until });
  if (state?.halt !== undefined) waits.push({ kind: 'halt', halt: state.halt });
  const opened = state?.waves.length ?? 0;
  if (wave >= opened) waits.push({ kind: 'wave', wave, current: opened === 0 ? undefined : opened - 1 });
  if (context.connectedOnly && !device.connected) waits.push({ kind: 'connection' });
  const opens = context.policy.window?.download === 'in-window' ? opensAt(context, { device }) : undefined;
  if (opens !== undefined) waits.push({ kind: 'window', at: opens });
  if (waits.length === 0 && state !== undefined) waits.push(...limitsOf(context, device, state, now));
  return waits;
}

/** As far as the state tells: it counts devices, and does not name them. */
function limitsOf(context: Context, device: ObservedDevice, state: State, now: number): readonly WaitReason[] {
  const { policy } = context;
  const { summary, rate } = state;
  const domain = domainOf(context, device);
  if (domain !== undefined && (summary.blocked['fault-domain'] ?? 0) > 0) return [{ kind: 'fault-domain', domain }];
  if (summary.inProgress >= (policy.maxInProgress ?? Infinity)) {
    return [{ kind: 'places', inProgress: summary.inProgress }];
  }
  const tokens = refill(rate, now);
  if (policy.rate === undefined || hasToken(tokens)) return [];
  return [{ kind: 'rate', at: nextTokenAt(tokens, rate.perMinute, now) }];
}

const afterSilence: Readonly<Partial<Record<DeviceState, DeviceState>>> = {
  planned: 'unreached',
  offered: 'unreached',
  deferred: 'unreached',
  downloading: 'failed',
  staged: 'failed',
  installing: 'lost',
  rebooting: 'lost',
  trial: 'lost',
  baking: 'succeeded',
};

function nextOf({ state, until }: Facts): Explanation['next'] {
  const after = afterSilence[state];
  return after === undefined || until === Infinity ? undefined : { at: until, state: after };
}

function returnProblemOf(
  context: Context,
  { state: deviceState }: Facts,
  device: ObservedDevice | undefined,
  state: State | undefined,
  former: ReadonlyMap<string, FormerFirmware> | undefined,
): ReturnProblem | undefined {
  const named = state?.cannotReturn.find(({ deviceId }) => deviceId === device?.deviceId)?.reason;
  if (named !== undefined || state?.phase !== 'reverting' || deviceState !== 'succeeded') return named;
  const verdict = returnability(context, device?.mark, former);
  return verdict === 'possible' || verdict === 'ask' ? undefined : verdict;
}

const adviceForHalt: Readonly<Record<HaltReason['kind'], readonly Advice[]>> = {
  operator: ['resume'],
  'failure-limit': ['resume'],
  'gate-failed': ['promote', 'resume'],
  'gate-inconclusive': ['resume', 'promote'],
  approval: ['approve'],
  'wave-unreached': ['promote'],
  trouble: [],
};

const adviceForBlock: Readonly<Record<BlockReason, readonly Advice[]>> = {
  'hardware-mismatch': ['other-firmware'],
  'hardware-unknown': ['report-hardware'],
  'below-min-version': ['intermediate-firmware'],
  'version-unknown': ['report-version'],
  'outside-window': [],
  penalty: [],
  'fault-domain': [],
  'in-other-rollout': ['look-at-other-rollout'],
  disabled: ['enable'],
  gone: [],
};

function adviceFor(wait: WaitReason): readonly Advice[] {
  switch (wait.kind) {
    case 'halt':
      return adviceForHalt[wait.halt.kind];
    case 'blocked':
      return adviceForBlock[wait.reason];
    case 'connection':
      return ['connect'];
    case 'ended':
    case 'wave':
    case 'retry':
    case 'window':
    case 'fault-domain':
    case 'places':
    case 'rate':
      return [];
  }
}

const adviceInState: Readonly<Partial<Record<DeviceState, readonly Advice[]>>> = {
  failed: ['retry'],
  reverted: ['retry'],
  recovered: ['retry'],
  rejected: ['other-firmware', 'retry'],
  lost: ['look-at-device'],
  unreached: ['connect'],
};

/** What goes on by itself needs nobody. */
function adviceForState({ state, kind }: Facts): readonly Advice[] {
  return kind === 'free' ? [] : (adviceInState[state] ?? []);
}

function finite(at: number): number | undefined {
  return Number.isFinite(at) ? at : undefined;
}
