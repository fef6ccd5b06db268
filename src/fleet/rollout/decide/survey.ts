/** One look at every device of a rollout: each is derived once, and counted for all that is decided on counts. */
import type { Mark, ObservedDevice, DeviceState } from '../model/observed.ts';
import type { BlockReason } from '../model/plan.ts';
import type { WaveCounts } from '../model/record.ts';
import { tagAt } from '../plan/device-facts.ts';
import type { Context } from './context.ts';
import { factsOf } from './device-state.ts';
import { isOffered, type Facts } from './facts.ts';

/** A device that something may be done with now. */
export interface Subject {
  readonly device: ObservedDevice;
  readonly wave: number;
  readonly facts: Facts;
}

export interface Survey {
  /** Devices of the rollout that the hub has. */
  seen: number;
  /** Number of devices in each state, by wave. */
  readonly waves: readonly Map<DeviceState, number>[];
  readonly blocked: Map<BlockReason, number>;
  /** Devices with a result that counts, and how many of them have failed. */
  decided: number;
  failures: number;
  readonly failuresByCode: Map<string, number>;
  succeeded: number;
  /** Devices that were offered something, also those whose offer is being written. */
  notified: number;
  /** Offered and not decided. */
  inProgress: number;
  /** The same by the value of the fault domain's tag. */
  readonly inDomain: Map<string, number>;
  /** By wave: devices that it waits for; devices with a result, or on the target already. */
  readonly holds: number[];
  readonly reached: number[];
  /** Devices of open waves that the rollout is not done with, reachable or not. */
  open: number;
  /** Offers of the last minute. */
  recent: number;
  /** In the order of the plan. */
  readonly free: Subject[];
  /** In the order in which they were announced. */
  readonly announced: Subject[];
  /** Something new was found. */
  readonly found: Subject[];
  /** Offered, without an outcome that counts: what an abort takes back. */
  readonly offered: Subject[];
  /** On the target because of this rollout: what a revert brings back. */
  readonly updated: Subject[];
  /** When the first device changes by itself, Unix milliseconds. */
  nextAt: number;
}

export interface Assigned {
  readonly deviceId: string;
  readonly wave: number;
}

/** The devices of the plan, and those that joined. */
export function survey(
  context: Context,
  observed: ReadonlyMap<string, ObservedDevice>,
  joined: readonly Assigned[],
): Survey {
  const found = emptySurvey(context);
  for (const { deviceId, wave } of context.plan.devices) lookAt(context, found, wave, observed.get(deviceId));
  for (const { deviceId, wave } of joined) lookAt(context, found, wave, observed.get(deviceId));
  if (found.announced.length > 1) {
    const order = new Map([...context.offering.keys()].map((deviceId, index) => [deviceId, index]));
    const placeOf = ({ device }: Subject): number => order.get(device.deviceId) ?? 0;
    found.announced.sort((left, right) => placeOf(left) - placeOf(right));
  }
  return found;
}

function emptySurvey({ policy }: Context): Survey {
  return {
    seen: 0,
    waves: policy.waves.map(() => new Map()),
    blocked: new Map(),
    decided: 0,
    failures: 0,
    failuresByCode: new Map(),
    succeeded: 0,
    notified: 0,
    inProgress: 0,
    inDomain: new Map(),
    holds: policy.waves.map(() => 0),
    reached: policy.waves.map(() => 0),
    open: 0,
    recent: 0,
    free: [],
    announced: [],
    found: [],
    offered: [],
    updated: [],
    nextAt: Infinity,
  };
}

/** Counts one device in. */
export function lookAt(context: Context, all: Survey, wave: number, device: ObservedDevice | undefined): void {
  const facts = factsOf(context, wave, device);
  const { state, kind } = facts;
  count(all.waves[wave], state);
  if (facts.blocked !== undefined) count(all.blocked, facts.blocked);
  if (facts.until < all.nextAt) all.nextAt = facts.until;
  if (device === undefined) return;
  all.seen++;
  if (facts.attempt > 0) all.notified++;
  if (state === 'skipped') add(all.reached, wave);
  if (facts.found !== undefined) all.found.push({ device, wave, facts });
  const { mark } = device;
  if (mark?.rollout === context.id) lookAtOffer(context, all, { device, wave, facts }, mark);
  switch (kind) {
    case 'out':
      return;
    case 'decided':
      return countDecided(all, wave, facts);
    case 'free':
      return countFree(context, all, { device, wave, facts });
    case 'announced':
      all.announced.push({ device, wave, facts });
      break;
    case 'waiting':
    case 'begun':
  }
  all.inProgress++;
  all.open++;
  if (kind === 'begun' || device.connected) add(all.holds, wave);
  const domain = domainOf(context, device);
  if (domain !== undefined) count(all.inDomain, domain);
}

function countDecided(all: Survey, wave: number, { state, code }: Facts): void {
  all.decided++;
  add(all.reached, wave);
  if (state === 'succeeded') all.succeeded++;
  if (state === 'succeeded' || state === 'returned') return;
  all.failures++;
  count(all.failuresByCode, code ?? state);
}

function countFree(context: Context, all: Survey, subject: Subject): void {
  const { device, wave, facts } = subject;
  if (wave >= context.openedAt.length) {
    // Not yet of interest; a wave that opens in this decision wants them.
    all.free.push(subject);
    return;
  }
  all.open++;
  if (device.connected) add(all.holds, wave);
  // What was found first has to be in the mark.
  if (facts.found === undefined && isDue(context, facts)) all.free.push(subject);
}

/** A failed device waits for its next attempt; `until` is when. */
function isDue({ now }: Context, { state, until }: Facts): boolean {
  return state !== 'failed' || until <= now || until === Infinity;
}

function lookAtOffer(context: Context, all: Survey, subject: Subject, mark: Mark): void {
  const { device, facts } = subject;
  if (isOffered(context, device, mark)) {
    if (device.offer !== undefined && device.offer.at > context.now - 60_000) all.recent++;
    if (facts.kind === 'waiting' || facts.kind === 'begun' || facts.state === 'unreached') all.offered.push(subject);
  }
  if (device.report?.value.digest === context.target && mark.returning === undefined) all.updated.push(subject);
}

/** The value of the tag that says what fails together; undefined when the policy has none, or the device has not. */
export function domainOf({ domainPath }: Context, { tags }: ObservedDevice): string | undefined {
  if (domainPath === undefined) return undefined;
  const value = tagAt(tags, domainPath);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** The counts of each wave as the state carries them. */
export function waveCounts({ waves }: Survey): readonly WaveCounts[] {
  return waves.map((states) => ({
    devices: [...states.values()].reduce((sum, each) => sum + each, 0),
    states: Object.fromEntries([...states].toSorted(([left], [right]) => (left < right ? -1 : 1))),
  }));
}

function count<Key>(counts: Map<Key, number> | undefined, key: Key): void {
  counts?.set(key, (counts.get(key) ?? 0) + 1);
}

function add(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}
