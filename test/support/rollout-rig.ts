/** A rollout in a world: devices that update themselves, controllers that come and go, and somebody who watches every write. */
import { generateKeyPairSync } from 'node:crypto';
import { parseFaults } from '../../src/device/index.ts';
import { drive, type ControllerEvent, type DriveEnd } from '../../src/fleet/rollout/controller/index.ts';
import type { Plan } from '../../src/fleet/rollout/model/plan.ts';
import type { AuditEntry, State } from '../../src/fleet/rollout/model/record.ts';
import { specSchema, type SpecInput } from '../../src/fleet/rollout/model/spec.ts';
import { createRollout, readAudit, readRollout, verifyAudit } from '../../src/fleet/rollout/records/index.ts';
import { createWorld, type World } from '../../src/fleet/rollout/rehearsal/index.ts';
import type { ClientOptions, WorldClient } from '../../src/fleet/rollout/rehearsal/world-client.ts';
import { addFirmwareDevices, type WorldFirmware } from '../../src/fleet/rollout/rehearsal/world-firmware.ts';
import { signManifest } from '../../src/protocol/firmware/index.ts';
import type { Clock } from '../../src/std/clock.ts';
import { isJsonObject, type JsonValue } from '../../src/std/json.ts';
import { createIce } from './freeze-client.ts';
import { manifestFor, trustOf } from './firmware.ts';
import { collect } from './memory-hub.ts';

const key = generateKeyPairSync('ed25519').privateKey;

export interface RigOptions {
  readonly devices: number;
  readonly waveEnds: readonly number[];
  readonly policy?: SpecInput['policy'];
  readonly faults?: string;
  readonly id?: string;
}

export interface Rig {
  readonly world: World;
  readonly plan: Plan;
  readonly firmware: WorldFirmware;
  readonly watch: Watch;
  /** Another controller, with nothing in memory. */
  controller(options?: ControllerOptions): RigController;
  state(): Promise<State | undefined>;
  /** A controller that stands still, as a stopped process, when it is about to write for the nth time, until it is thawed. */
  frozenAt(write: number): RigController & { readonly frozen: Promise<void>; thaw(): void };
  entries(): Promise<readonly AuditEntry[]>;
  /** Problems of the audit. */
  audit(): Promise<readonly unknown[]>;
  /** What every device runs, reports and is marked with, without times. */
  outcome(): Readonly<Record<string, unknown>>;
}

interface ControllerOptions {
  readonly onWrite?: ClientOptions['onWrite'];
  readonly latencyMs?: number;
  readonly skewMs?: number;
  readonly onEvent?: (event: ControllerEvent) => void;
}

export interface RigController {
  readonly holder: string;
  readonly client: WorldClient;
  readonly done: Promise<DriveEnd>;
  stop(): void;
}

/** What may never happen, looked for on every write. */
export interface Watch {
  readonly problems: readonly string[];
  /** Offers by device. */
  readonly offers: ReadonlyMap<string, number>;
  readonly mostInProgress: number;
}

export async function createRig(options: RigOptions): Promise<Rig> {
  const { devices, waveEnds, policy = {}, faults = 'none', id = 'pump-2' } = options;
  const world = createWorld();
  const manifest = manifestFor('the new firmware', { size: 1_000_000, minVersion: '1.0.0' });
  const ids = Array.from({ length: devices }, (_, index) => `pump-${String(index).padStart(5, '0')}`);
  const firmware = await addFirmwareDevices(world, {
    devices: ids.map((deviceId) => ({ deviceId, version: '1.0.0', hardware: 'pump-v2', tags: { site: 'north' } })),
    trust: trustOf([key]),
    faults: parseFaults(faults),
    seed: 1,
  });
  await world.clock.advance(1_000);
  world.artifacts.put({ sha256: manifest.sha256, size: manifest.size });
  const spec = specSchema.parse({
    id,
    firmware: { name: manifest.name, version: manifest.version },
    target: { devices: ids },
    policy: { waves: waveEnds.map((size) => ({ size })), bake: 10, ...policy },
  });
  const plan: Plan = {
    format: 1,
    digest: 'd'.repeat(64),
    createdAt: '2026-01-01T00:00:00.000Z',
    spec,
    firmware: signManifest(manifest, key),
    waveEnds,
    devices: ids.map((deviceId, index) => ({
      deviceId,
      wave: waveEnds.findIndex((end) => index < end),
      version: '1.0.0',
    })),
    leftOut: 0,
  };
  const operator = world.connect().hub;
  await createRollout(operator.records, plan, { actor: 'test', now: world.clock.now() });
  let controllers = 0;
  const start = (client: WorldClient, hub: WorldClient['hub'], clock: Clock, how: ControllerOptions): RigController => {
    const holder = `controller-${++controllers}`;
    const stop = new AbortController();
    const { onEvent, skewMs = 0 } = how;
    const skewed = { ...clock, now: () => clock.now() + skewMs };
    const withOffset = { ...hub, clockOffsetMs: () => -skewMs };
    const ports = { hub: withOffset, clock: skewed, random: () => 0.5, holder, watch: 'events' } as const;
    const done = drive(id, { ...ports, ...(onEvent && { onEvent }) }, stop.signal);
    done.catch(() => undefined);
    return { holder, client, done, stop: () => stop.abort(new Error('stopped')) };
  };
  return {
    world,
    plan,
    firmware,
    watch: watchWrites(world, plan),
    controller(how = {}) {
      const client = world.connect({ latencyMs: how.latencyMs ?? 4, ...(how.onWrite && { onWrite: how.onWrite }) });
      return start(client, client.hub, client.clock, how);
    },
    frozenAt(write) {
      const client = world.connect({ latencyMs: 4 });
      const ice = createIce(client, write);
      return { ...start(client, ice.hub, ice.clock, {}), frozen: ice.frozen, thaw: () => ice.thaw() };
    },
    entries: async () => (await collect(readAudit(operator.records, id))).flat(),
    state: async () => (await readRollout(operator.records, id)).state,
    audit: async () => (await verifyAudit(operator.records, id)).problems,
    outcome: () =>
      Object.fromEntries(
        [...world.twins()].map(({ deviceId, tags, properties }) => {
          const { firmware: mark } = tags;
          const { firmware: report } = properties.reported;
          return [deviceId, { mark: part(mark, markParts), report: part(report, reportParts) }];
        }),
      ),
  };
}

const markParts = ['rollout', 'wave', 'attempt', 'outcome', 'code', 'previous', 'failures'] as const;
const reportParts = ['rollout', 'attempt', 'state', 'version', 'digest', 'code'] as const;

function part(value: unknown, names: readonly string[]): unknown {
  if (!isJsonObject(value)) return undefined;
  return Object.fromEntries(names.filter((name) => name in value).map((name) => [name, value[name]]));
}

function watchWrites(world: World, { spec, devices }: Plan): Watch {
  const problems: string[] = [];
  const offers = new Map<string, number>();
  const offered = new Set<string>();
  const underWay = new Set<string>();
  const waveOf = new Map(devices.map(({ deviceId, wave }) => [deviceId, wave]));
  const { maxInProgress = Number.POSITIVE_INFINITY } = spec.policy;
  let mostInProgress = 0;
  world.onTwinChange((before, after) => {
    const { deviceId } = after;
    const offer = after.desired.content['firmware'];
    const isNew = before.desired.version !== after.desired.version && isJsonObject(offer);
    if (isNew) {
      const attempt = `${deviceId} ${JSON.stringify(offer['attempt'])}`;
      if (offered.has(attempt)) problems.push(`${attempt} is offered twice`);
      offered.add(attempt);
      offers.set(deviceId, (offers.get(deviceId) ?? 0) + 1);
      const open = openWaves(world, spec.id);
      if ((waveOf.get(deviceId) ?? 0) >= open) problems.push(`${deviceId} is offered before its wave is open`);
    }
    const mark = after.tags['firmware'];
    const isUnderWay = isJsonObject(mark) && mark['outcome'] === undefined;
    if (isUnderWay) underWay.add(deviceId);
    else underWay.delete(deviceId);
    // What is announced as decided has ended, although its twin may not say so yet.
    const ended = underWay.size <= maxInProgress ? [] : decided(world, spec.id).filter((each) => underWay.has(each));
    const inProgress = underWay.size - ended.length;
    mostInProgress = Math.max(mostInProgress, inProgress);
    if (isNew && inProgress > maxInProgress) problems.push(`${inProgress} devices are in progress`);
  });
  return {
    problems,
    offers,
    get mostInProgress() {
      return mostInProgress;
    },
  };
}

/** As the state that is stored says. */
function openWaves(world: World, id: string): number {
  return listOf(world, id, 'waves').length;
}

/** Devices whose outcomes are stored, and on their way into twins. */
function decided(world: World, id: string): readonly string[] {
  return listOf(world, id, 'deciding')
    .map((each) => (isJsonObject(each) ? each['deviceId'] : undefined))
    .filter((deviceId) => typeof deviceId === 'string');
}

function listOf(world: World, id: string, name: string): readonly JsonValue[] {
  const state = world.records.read(`rollouts/${id}/state`)?.value['state'];
  const list = isJsonObject(state) ? state[name] : undefined;
  return Array.isArray(list) ? list : [];
}
