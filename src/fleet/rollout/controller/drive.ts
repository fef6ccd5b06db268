import { isFailure, toFailure } from '../../../errors/index.ts';
import { sleep } from '../../../std/clock.ts';
import { decide as decideRollout } from '../decide/index.ts';
import type { Action, Decision, FormerFirmware } from '../model/decision.ts';
import type { Intent, State } from '../model/record.ts';
import { findRollout, goesOn, parseState, readPlan, readRollout, recordNames } from '../records/index.ts';
import { createActor, type Actor, type DeviceAction } from './act.ts';
import { openAuditTrail, type AuditTrail } from './audit-trail.ts';
import { createBackoff, insist, passingTrouble, type Patience } from './backoff.ts';
import { acquireLease, type HeldLease } from './lease.ts';
import { createMeasuring, type Measuring } from './measuring.ts';
import { createObserver, type Observer } from './observer.ts';
import { createOfferMaker, type OfferMaker } from './offers.ts';
import type { ControllerEvent, ControllerPorts } from './ports.ts';
import { createStateStore, readIntent, type StateStore } from './store.ts';
import { createWake, type Wake } from './wake.ts';
import type { Plan } from '../model/plan.ts';

/** How driving ended: the rollout is over, or another drives it. */
export type DriveEnd = { readonly kind: 'ended'; readonly state: State } | { readonly kind: 'lost' };

/** Reports that come at once are decided upon at once; deciding takes at most a tenth of the time. */
const gatherMs = 250;
const longestGatherMs = 2_000;
const decideShare = 10;
const intentMs = { events: 1_000, poll: 3_000 } as const;
/** A rollout that has ended is looked at so often again, for what is left to be noted in twins. */
const lastLooks = 20;

/** Everything one drive works with. */
interface Drive {
  readonly id: string;
  readonly ports: ControllerPorts;
  readonly plan: Plan;
  readonly lease: HeldLease;
  readonly observer: Observer;
  readonly actor: Actor;
  readonly offers: OfferMaker;
  readonly measuring: Measuring;
  readonly trail: AuditTrail;
  readonly store: StateStore;
  readonly wake: Wake;
  readonly now: () => number;
  /** Aborts when the caller stops, the lease is lost, or watching fails. */
  readonly signal: AbortSignal;
  readonly former: Map<string, FormerFirmware>;
  readonly tell: (event: Untold<ControllerEvent, 'rollout'>) => void;
  intent: Intent;
  state: State | undefined;
  decisions: number;
  decideMs: number;
}

type Untold<Union, Key extends string> = Union extends unknown ? Omit<Union, Key> : never;

/**
 * Drives one rollout until it has ended or is another's: observe, decide, store, act. Killed at any point, another goes on from the
 * records and the twins. Resolves `lost` when the right to drive is lost; rejects with the signal's reason, after giving the lease back.
 * Failures: rollout-not-found, data-unusable, not-authorised, unsupported.
 */
export async function drive(id: string, ports: ControllerPorts, signal: AbortSignal): Promise<DriveEnd> {
  const { hub, clock } = ports;
  const first = await readRollout(hub.records, id, signal);
  if (first.state !== undefined && !goesOn(first)) return { kind: 'ended', state: first.state };
  const tell: Drive['tell'] = (event) => ports.onEvent?.({ ...event, rollout: id });
  const lease = await acquireLease({
    records: hub.records,
    clock,
    random: ports.random,
    rolloutId: id,
    holder: ports.holder,
    isGone: ports.isGone,
    fence: async () => (await findRollout(hub.records, id, signal))?.state?.fence ?? 0,
    onStandby: (holder) => tell({ kind: 'standing-by', holder }),
    signal,
  });
  const failed = new AbortController();
  try {
    return await driveHeld(id, ports, lease, failed, AbortSignal.any([signal, lease.lost, failed.signal]), tell);
  } catch (error) {
    signal.throwIfAborted();
    if (!lease.lost.aborted && !isFailure(error, 'changed-meanwhile')) throw error;
    tell({ kind: 'lost', reason: toFailure(lease.lost.aborted ? lease.lost.reason : error).message });
    return { kind: 'lost' };
  } finally {
    failed.abort();
    await lease.release();
  }
}

async function driveHeld(
  id: string,
  ports: ControllerPorts,
  lease: HeldLease,
  failed: AbortController,
  signal: AbortSignal,
  tell: Drive['tell'],
): Promise<DriveEnd> {
  const { hub, clock } = ports;
  const again = <Result>(work: () => Promise<Result>): Promise<Result> => insist(patienceOf(ports, tell), work, signal);
  const rollout = await again(() => readRollout(hub.records, id, signal));
  if (rollout.state !== undefined && !goesOn(rollout)) return { kind: 'ended', state: rollout.state };
  const plan = await again(() => readPlan(hub.records, id, rollout.header, signal));
  const stateRecord = await again(() => hub.records.read(recordNames(id).state, signal));
  const stored = stateRecord && parseState(stateRecord.value, stateRecord.name);
  const trail = await again(() =>
    openAuditTrail(
      hub.records,
      rollout.header,
      { state: stored, head: rollout.audit },
      { holder: ports.holder, signal },
    ),
  );
  const wake = createWake(clock);
  // Times of twins are the hub's; a machine whose clock is wrong must not take every device for lost.
  const now = (): number => clock.now() + (hub.clockOffsetMs?.() ?? 0);
  const fail = (error: unknown): void => failed.abort(error);
  const observer = createObserver({
    ports,
    spec: plan.spec,
    // What a plan leaves out is not late.
    takesJoiners: plan.leftOut === 0 && plan.spec.target.devices === undefined,
    now,
    onChange: () => wake.call(),
    onFailure: fail,
    onTrouble: (trouble) => tell({ kind: 'trouble', ...trouble }),
  });
  observer.view.watch(plan.devices.map(({ deviceId }) => deviceId));
  observer.view.watch((stored?.state.joined ?? []).map(({ deviceId }) => deviceId));
  const offers = createOfferMaker(ports, rollout.header, {
    now,
    onTrouble: () => wake.call(),
    onFailure: fail,
  });
  const check = (): void => lease.check();
  const onRefused = (deviceId: string, message: string): void =>
    trail.find([{ action: 'write-refused', details: { deviceId, message } }], now());
  const actor = createActor({ hub, clock, observer, offers, check, onRefused });
  const measuring = createMeasuring({
    ports,
    plan,
    devices: observer.view.devices,
    onMeasured: () => wake.call(),
    onFailure: fail,
    signal,
  });
  const run: Drive = {
    id,
    ports,
    plan,
    lease,
    observer,
    actor,
    offers,
    measuring,
    trail,
    store: createStateStore(hub.records, id, stateRecord?.etag),
    wake,
    now,
    signal,
    former: new Map(),
    tell,
    intent: rollout.intent,
    state: stored?.state,
    decisions: 0,
    decideMs: 0,
  };
  await Promise.all([observer.start(signal), offers.start(signal)]);
  tell({ kind: 'driving', fence: lease.fence, devices: observer.view.devices.size });
  followIntent(run).catch((error: unknown) => signal.aborted || fail(error));
  return loop(run);
}

async function loop(run: Drive): Promise<DriveEnd> {
  const { ports, signal, wake, now } = run;
  const { clock } = ports;
  const backoff = createBackoff(ports.random);
  let looks = 0;
  for (;;) {
    signal.throwIfAborted();
    run.lease.check();
    try {
      const began = clock.monotonic();
      const decision = decide(run);
      const decideMs = clock.monotonic() - began;
      run.decisions++;
      run.decideMs += decideMs;
      await keep(run, decision);
      const idle = await act(run, decision);
      backoff.reset();
      if (!goesOn({ state: decision.state, intent: run.intent }) && (idle || ++looks >= lastLooks))
        return await end(run, decision.state);
      const called = await wake.wait(Math.max(0, decision.nextAt - now()), signal);
      if (called) await sleep(clock, ports.gatherMs ?? gatherTime(decideMs), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isFailure(error, 'changed-meanwhile')) throw error;
      const failure = passingTrouble(error);
      const retryInMs = backoff.next();
      run.tell({ kind: 'trouble', failure, retryInMs });
      await sleep(clock, retryInMs, signal);
    }
  }
}

/** Milliseconds until the next decision, after one that took so long. */
function gatherTime(decideMs: number): number {
  return Math.min(longestGatherMs, Math.max(gatherMs, decideShare * decideMs));
}

function decide(run: Drive): Decision {
  const { ports, plan, intent, state, observer, former, lease } = run;
  const { trouble } = run.offers;
  const others = ports.others?.();
  return (ports.decide ?? decideRollout)({
    plan,
    intent,
    state,
    observed: observer.view.devices,
    measurements: run.measuring.drain(),
    ...(trouble !== undefined && { trouble }),
    ...(former.size > 0 && { former }),
    ...(others !== undefined && { others }),
    now: run.now(),
    fence: lease.fence,
  });
}

/** Announces what will be done, before it is done, and says in the audit what was found. */
async function keep(run: Drive, { state, changed, findings }: Decision): Promise<void> {
  const { trail, observer, signal, lease } = run;
  trail.find(findings, run.now());
  const { devices } = observer.view;
  const news = [...observer.view.drainChanged()].map((deviceId) => devices.get(deviceId));
  trail.report(news.filter((device) => device !== undefined));
  // The first decision is stored in any case: what a controller of before still tries to store is refused from then on.
  if (changed || findings.length > 0 || run.state?.fence !== lease.fence) {
    lease.check();
    await run.store.write(state, trail.head, trail.findings, signal);
    for (const finding of findings) run.tell({ kind: 'finding', finding });
    run.tell({ kind: 'decided', state });
  }
  run.state = state;
  lease.check();
  await trail.append(signal);
}

/** Answers whether there was nothing to do to a device. */
async function act(run: Drive, { actions, state }: Decision): Promise<boolean> {
  const { signal, wake } = run;
  const onDevices: DeviceAction[] = [];
  for (const action of actions) {
    if (action.kind === 'measure') run.measuring.begin(action.wave, action.gate, state);
    else if (action.kind === 'resolve') await resolve(run, action);
    else onDevices.push(action);
  }
  if (onDevices.length === 0) return true;
  try {
    await run.actor.act(onDevices, signal);
  } finally {
    // What was written is observed by its answers.
    wake.call();
  }
  return false;
}

async function resolve(
  { former, offers, wake, signal }: Drive,
  { digest }: Extract<Action, { kind: 'resolve' }>,
): Promise<void> {
  former.set(digest, await offers.resolve(digest, signal));
  wake.call();
}

async function end(run: Drive, state: State): Promise<DriveEnd> {
  const { trail, observer, actor, signal } = run;
  // The end of the audit is noted where cutting it off shows.
  await insist(
    patienceOf(run.ports, run.tell),
    async () => {
      await trail.append(signal);
      await run.store.write(state, trail.head, trail.findings, signal);
    },
    signal,
  );
  const { decisions, decideMs } = run;
  const work = { decisions, decideMs, ...copyOf(actor.counts), ...copyOfReads(observer.counts) };
  run.tell({ kind: 'ended', state, work });
  return { kind: 'ended', state };
}

const copyOf = ({ offers, twinWrites }: Actor['counts']) => ({ offers, twinWrites });
const copyOfReads = ({ twinReads, events }: Observer['counts']) => ({ twinReads, events });

/** Waits while the hub is away, and says so. */
function patienceOf({ clock, random }: ControllerPorts, tell: Drive['tell']): Patience {
  return { clock, random, onTrouble: (trouble) => tell({ kind: 'trouble', ...trouble }) };
}

/** Looks again and again what operators ask for. */
async function followIntent(run: Drive): Promise<void> {
  const { ports, signal, id } = run;
  for (;;) {
    await sleep(ports.clock, intentMs[ports.watch], signal);
    const intent = await insist(patienceOf(ports, run.tell), () => readIntent(ports.hub.records, id, signal), signal);
    if (JSON.stringify(intent) === JSON.stringify(run.intent)) continue;
    run.intent = intent;
    run.wake.call();
  }
}
