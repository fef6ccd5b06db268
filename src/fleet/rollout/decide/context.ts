/** What a decision is made with: the policy in milliseconds, and what is worth keeping from one decision to the next. */
import type { DecideInput } from '../model/decision.ts';
import type { Plan } from '../model/plan.ts';
import type { State } from '../model/record.ts';
import type { Policy } from '../model/spec.ts';
import { createFitCheck, type FitCheck } from '../plan/device-facts.ts';
import { createWindows, type FindWindow } from './windows.ts';

/** Depends on the plan alone, which never changes. */
export interface PlanIndex {
  readonly policy: Policy;
  readonly planned: ReadonlySet<string>;
  /** Devices of each wave that could be offered the firmware when the plan was made. */
  readonly partsOfWave: readonly number[];
  readonly fits: FitCheck;
  readonly findWindow: FindWindow | undefined;
  readonly timezonePath: readonly string[];
  readonly domainPath: readonly string[] | undefined;
  readonly timeouts: {
    readonly offer: number;
    readonly stall: number;
    readonly install: number;
    readonly reboot: number;
    readonly confirm: number;
  };
  readonly bakeOfWave: readonly number[];
  /** Offers go to connected devices only, because each of them takes a place that is limited. */
  readonly connectedOnly: boolean;
}

export interface Context extends PlanIndex {
  readonly plan: Plan;
  readonly id: string;
  readonly target: string;
  readonly now: number;
  readonly startedAt: number;
  /** Announced offers by device: the number of the attempt. */
  readonly offering: ReadonlyMap<string, number>;
  /** Attempts after which a person wants another. */
  readonly retries: ReadonlyMap<string, number>;
  readonly others: ReadonlySet<string> | undefined;
  /** Downloads that fail now are not the devices' fault. */
  readonly isHubAtFault: boolean;
  /** When each wave was opened, Unix milliseconds. */
  readonly openedAt: readonly number[];
}

/** A memory, not a state: a controller that starts anew makes it again. */
const indexes = new WeakMap<Plan, PlanIndex>();

export function contextOf(input: DecideInput, state: State | undefined): Context {
  const { plan, intent, others, now } = input;
  const index = indexes.get(plan) ?? indexOf(plan);
  indexes.set(plan, index);
  return {
    ...index,
    plan,
    id: plan.spec.id,
    target: plan.firmware.manifest.sha256,
    now,
    startedAt: state?.startedAt ?? now,
    offering: new Map(state?.offering.map(({ deviceId, attempt }) => [deviceId, attempt])),
    retries: new Map(intent.retries.map(({ deviceId, attempt }) => [deviceId, attempt])),
    others,
    isHubAtFault: input.trouble !== undefined,
    openedAt: state?.waves.map(({ openedAt }) => openedAt) ?? [],
  };
}

function indexOf({ spec: { policy }, firmware, devices }: Plan): PlanIndex {
  const { timeouts, window, faultDomain } = policy;
  const partsOfWave = policy.waves.map(() => 0);
  for (const { wave, blocked, skipped } of devices) {
    if (blocked === undefined && skipped === undefined) partsOfWave[wave] = (partsOfWave[wave] ?? 0) + 1;
  }
  return {
    policy,
    planned: new Set(devices.map(({ deviceId }) => deviceId)),
    partsOfWave,
    fits: createFitCheck(firmware.manifest, policy),
    findWindow: window && createWindows(window),
    timezonePath: window?.timezoneTag.split('.') ?? [],
    domainPath: faultDomain?.tag.split('.'),
    timeouts: {
      offer: timeouts.offer * 1_000,
      stall: timeouts.stall * 1_000,
      install: timeouts.install * 1_000,
      reboot: timeouts.reboot * 1_000,
      confirm: timeouts.confirm * 1_000,
    },
    bakeOfWave: policy.waves.map((wave) => (('bake' in wave ? wave.bake : undefined) ?? policy.bake) * 1_000),
    connectedOnly: policy.maxInProgress !== undefined || faultDomain !== undefined,
  };
}
