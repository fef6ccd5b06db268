/** A rollout carried out in a world: the controller is the real one, the hub, the devices and the time are not. */
import type { Faults } from '../../../device/index.ts';
import { seededRandom } from '../../../std/random.ts';
import type { Trust } from '../../../protocol/firmware/index.ts';
import type { StoredFirmware } from '../../firmware/index.ts';
import type { TelemetryRequest, TelemetrySource } from '../../ports.ts';
import { drive, type ControllerEvent, type ControllerHub } from '../controller/index.ts';
import type { DeviceState } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { GateVerdict, HaltReason, Phase, State } from '../model/record.ts';
import { changesOf, type RolloutChange } from '../operate/changes.ts';
import { standingOf, type Standing } from '../operate/standing.ts';
import type { RolloutStatus } from '../operate/status.ts';
import { changeIntent, createRollout, noIntent, type RolloutHeader } from '../records/index.ts';
import { rehearseGates, simulatedMessages, type RehearsedGates } from './rehearsed-gates.ts';
import { setStage, type KnownDevice, type Stage } from './stage.ts';
import type { WorldClient } from './world-client.ts';
import type { World } from './world.ts';

export interface RehearsalRequest {
  readonly plan: Plan;
  readonly faults: Faults;
  /** The same seed gives the same rehearsal. */
  readonly seed: number;
  /** The keys that the devices trust; signatures are not rehearsed when absent. */
  readonly trust?: Trust | undefined;
  /** What is known of the devices; a plan alone knows no tags. */
  readonly fleet?: ReadonlyMap<string, KnownDevice> | undefined;
  readonly releases?: readonly StoredFirmware[] | undefined;
  /** Verdicts of gates that are given instead of measured. */
  readonly verdicts?: ReadonlyMap<string, GateVerdict> | undefined;
  /** Told as it happens. */
  readonly onChange?: ((change: RehearsalChange) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Something that happened, so many milliseconds of virtual time after the beginning. */
export type RehearsalChange = { readonly atMs: number } & (
  | RolloutChange
  | { readonly time: string; readonly kind: 'approved'; readonly wave: number }
);

export interface Rehearsal {
  readonly rollout: string;
  /** `going` when it has not ended within {@link longestMs}. */
  readonly standing: Standing;
  readonly phase: Phase;
  readonly halt: HaltReason | undefined;
  /** Virtual time from the first decision to the end, or to the halt. */
  readonly durationMs: number;
  readonly devices: number;
  /** Devices that were offered the firmware. */
  readonly touched: number;
  readonly states: Readonly<Partial<Record<DeviceState, number>>>;
  readonly state: State;
  readonly header: RolloutHeader;
  /** What was not rehearsed, or not as it would be; a sentence each. */
  readonly notes: readonly string[];
  readonly changes: readonly RehearsalChange[];
}

/** Longer than that nobody waits for a rollout: 60 days. */
const longestMs = 60 * 86_400_000;
/** A real controller gathers reports longer the more devices there are, because deciding takes longer; virtual time does not see that. */
const gatherMsPerDevice = 0.1;
const gatherMs = { shortest: 250, longest: 2_000 } as const;
/** What is under way at a halt comes to its end within its deadlines; longer than that it is not waited for. */
const afterHaltMs = 86_400_000;

/**
 * Rehearses a plan: nothing is read from or written to a hub or a disk. The same request gives the same rehearsal. Failures:
 * invalid-value; rejects with the signal's reason.
 */
export async function rehearse(request: RehearsalRequest): Promise<Rehearsal> {
  const { faults, seed, trust, fleet, releases } = request;
  const gates = rehearseGates(request.plan.spec.policy, request.verdicts ?? new Map());
  const touched = new Set<string>();
  const stage = await setStage({
    plan: request.plan,
    gates,
    faults,
    seed,
    trust,
    fleet,
    releases,
    onReport: () => undefined,
  });
  const { world, plan } = stage;
  world.onTwinChange((before, after) => {
    const isOffered =
      before.desired.version !== after.desired.version && after.desired.content['firmware'] !== undefined;
    if (isOffered) touched.add(after.deviceId);
  });
  try {
    const { state, header, changes, haltedAt } = await carryOut(request, stage, gates);
    const durationMs = (haltedAt ?? state.endedAt ?? world.clock.now()) - state.startedAt;
    return {
      rollout: plan.spec.id,
      standing: standingOf(noIntent, state),
      phase: state.phase,
      halt: state.halt,
      durationMs,
      devices: plan.devices.length + state.joined.length,
      touched: touched.size,
      states: totalOf(state),
      state,
      // As it was asked for, and not as it was prepared.
      header: { ...header, spec: request.plan.spec },
      notes: [...notesOf(request), ...gates.notes],
      changes,
    };
  } finally {
    stage.firmware.stop();
  }
}

interface Carried {
  readonly state: State;
  readonly header: RolloutHeader;
  readonly changes: readonly RehearsalChange[];
  /** Unix milliseconds of virtual time. */
  readonly haltedAt: number | undefined;
}

async function carryOut(request: RehearsalRequest, stage: Stage, gates: RehearsedGates): Promise<Carried> {
  const { world, plan, firmware } = stage;
  const { id } = plan.spec;
  const { clock } = world;
  const operator = world.connect().hub;
  const client = world.connect();
  const { header } = await createRollout(operator.records, plan, { actor: 'rehearsal', now: clock.now() });
  const stop = new AbortController();
  const spectator = createSpectator({ request, header, world, stop });
  const done = drive(
    id,
    {
      hub: withTelemetry(client, gates, () => [...firmware.devices.keys()]),
      clock: client.clock,
      random: seededRandom(`${request.seed}:controller`),
      holder: 'rehearsal',
      watch: 'events',
      gatherMs: Math.min(gatherMs.longest, Math.max(gatherMs.shortest, plan.devices.length * gatherMsPerDevice)),
      runProgram: gates.runProgram,
      onEvent: (event: ControllerEvent) => {
        request.signal.throwIfAborted();
        if (event.kind === 'decided') spectator.decided(event.state);
      },
    },
    stop.signal,
  );
  const ended = done.catch((error: unknown) => {
    if (error !== halted) throw error;
    return undefined;
  });
  clock.after(longestMs, () => stop.abort(halted));
  const end = await clock.run(ended);
  const state = end?.kind === 'ended' ? end.state : spectator.state();
  if (state === undefined) throw new Error('the controller has decided nothing');
  return { state, header, changes: spectator.changes, haltedAt: spectator.haltedAt() };
}

interface SpectatorParts {
  readonly request: RehearsalRequest;
  readonly header: RolloutHeader;
  readonly world: World;
  readonly stop: AbortController;
}

/** Follows what the controller decides, approves what waits for an approval, and ends the drive when it waits for more than that. */
function createSpectator({ request, header, world, stop }: SpectatorParts) {
  const { id } = header.spec;
  const { clock } = world;
  const { records } = world.connect().hub;
  const startedAt = clock.now();
  const changes: RehearsalChange[] = [];
  let state: State | undefined;
  let haltedAt: number | undefined;
  const status = (each: State | undefined): RolloutStatus => ({
    id,
    header,
    intent: noIntent,
    state: each,
    lease: undefined,
  });
  const tell = (change: RehearsalChange): void => {
    changes.push(change);
    request.onChange?.(change);
  };
  const approve = async (wave: number): Promise<void> => {
    const time = new Date(clock.now()).toISOString();
    tell({ atMs: clock.now() - startedAt, time, kind: 'approved', wave: wave + 1 });
    const note = { at: time, actor: 'rehearsal', action: 'approve', details: { wave } };
    await changeIntent(records, id, {
      note,
      change: ({ intent }) => ({ ...intent, approved: [...intent.approved, wave] }),
    });
  };
  return {
    changes,
    state: () => state,
    haltedAt: () => haltedAt,
    decided(next: State): void {
      for (const change of changesOf(status(state), status(next), clock.now()))
        tell({ atMs: clock.now() - startedAt, ...change });
      const isNews = JSON.stringify(state?.halt) !== JSON.stringify(next.halt);
      state = next;
      if (next.phase !== 'paused' || next.halt?.kind === 'approval') haltedAt = undefined;
      else haltedAt ??= clock.now();
      if (next.phase === 'paused' && next.halt?.kind === 'approval' && isNews)
        void approve(next.halt.wave).catch((error: unknown) => stop.abort(error));
      if (haltedAt === undefined) return;
      if (next.summary.inProgress === 0) stop.abort(halted);
      else if (isNews) clock.after(afterHaltMs, () => state?.phase === 'paused' && stop.abort(halted));
    },
  };
}

/** Ends a drive that waits for a person. */
const halted = new Error('halted');

/** Gates read telemetry that is made when they ask for it. */
function withTelemetry(client: WorldClient, gates: RehearsedGates, devices: () => readonly string[]): ControllerHub {
  const telemetry: TelemetrySource = {
    read: (request) =>
      request.sources === undefined ? simulated(request, gates, devices()) : client.hub.telemetry.read(request),
  };
  return { ...client.hub, telemetry };
}

/** A message in ten seconds, and fewer where there are many devices. */
const messageEveryMs = 10_000;
const mostMessages = 20_000;

async function* simulated(
  { from, until = 0, devices: named }: TelemetryRequest,
  { telemetry }: RehearsedGates,
  all: readonly string[],
): ReturnType<TelemetrySource['read']> extends AsyncIterable<infer Batch>
  ? AsyncGenerator<Batch, void, undefined>
  : never {
  const begin = typeof from === 'object' && 'time' in from ? from.time : until;
  const devices = named === undefined || named.length === 0 ? all : all.filter((id) => named.includes(id));
  const most = Math.max(1, Math.floor(mostMessages / Math.max(1, devices.length)));
  const count = Math.max(1, Math.min(most, Math.floor((until - begin) / messageEveryMs)));
  for (const deviceId of devices) {
    const messages = simulatedMessages(deviceId, telemetry, { from: begin, until, count });
    yield { messages, position: '0:0', live: false, lost: 0 };
  }
}

function totalOf({ summary }: State): Partial<Record<DeviceState, number>> {
  const total: Partial<Record<DeviceState, number>> = {};
  for (const { states } of summary.waves)
    for (const [name, count] of Object.entries(states) as [DeviceState, number][])
      if (count > 0) total[name] = (total[name] ?? 0) + count;
  return total;
}

function notesOf({ plan, trust, fleet, releases }: RehearsalRequest): string[] {
  const { policy } = plan.spec;
  const asked = plan.devices.some(({ blocked }) => blocked === 'penalty' || blocked === 'in-other-rollout');
  return [
    ...(trust === undefined
      ? ['signatures: signed by a key of the rehearsal; --trust FILE rehearses the real one']
      : []),
    ...(fleet === undefined && policy.faultDomain !== undefined
      ? [`fault domains: a plan does not say what tags.${policy.faultDomain.tag} is`]
      : []),
    ...(fleet === undefined && policy.window !== undefined
      ? ['maintenance window: all devices in UTC; a plan knows no time zones']
      : []),
    ...(policy.onFailure === 'revert' && releases === undefined
      ? ['the way back: a plan does not say what the devices ran before']
      : []),
    ...(asked ? ['other rollouts and penalties: the devices they hold back take part'] : []),
  ];
}
