import { Failure } from '../../../errors/index.ts';
import type { SignedManifest } from '../../../protocol/firmware/index.ts';
import type { BlockReason, Plan, PlanCandidate, PlannedDevice } from '../model/plan.ts';
import type { Spec } from '../model/spec.ts';
import { createFitCheck, versionOf, type FitCheck } from './device-facts.ts';
import { inOrder } from './order.ts';
import { digestOfPlan } from './plan-document.ts';
import { checkWaveSizes, waveEnd } from './wave-sizes.ts';

export interface PlanRequest {
  readonly spec: Spec;
  readonly firmware: SignedManifest;
  /** Every device that the target matches. */
  readonly devices: readonly PlanCandidate[];
  /** Unix milliseconds. */
  readonly now: number;
  /** Ids of the rollouts that go on; undefined when it is not known. */
  readonly others?: ReadonlySet<string>;
}

/** A candidate, and what it would be in the plan. */
interface Member {
  readonly device: Omit<PlannedDevice, 'wave'>;
  /** Counts towards the size of its wave. */
  readonly takesPart: boolean;
}

/**
 * Puts every device into its wave. The sizes of waves count the devices that can be offered the firmware: one that is blocked, or
 * runs it already, is listed where it falls in the order but takes nobody's place. Named devices are in their wave and in no
 * other. Failure `invalid-value`: sizes that fall, a named device that the target does not match or that two waves name.
 */
export function planRollout({ spec, firmware, devices, now, others }: PlanRequest): Plan {
  const { policy } = spec;
  checkWaveSizes(policy.waves);
  const fits = createFitCheck(firmware.manifest, policy);
  const unique = new Map(devices.map((device) => [device.deviceId, device]));
  const namedIn = namedDevices(spec, unique);
  const named = policy.waves.map((): Member[] => []);
  const rest: Member[] = [];
  for (const candidate of inOrder(spec.id, policy.warinessTag, [...unique.values()])) {
    const member = memberOf(candidate, { spec, firmware, fits, now, others });
    const wave = namedIn.get(candidate.deviceId);
    (wave === undefined ? rest : (named[wave] ?? rest)).push(member);
  }
  const placed = placeInWaves(spec, named, rest);
  const plan = { format: 1 as const, spec, firmware, ...placed, leftOut: unique.size - placed.devices.length };
  return { ...plan, digest: digestOfPlan(plan), createdAt: new Date(now).toISOString() };
}

function placeInWaves(
  { policy }: Spec,
  named: readonly (readonly Member[])[],
  rest: readonly Member[],
): Pick<Plan, 'devices' | 'waveEnds'> {
  const total = [...named.flat(), ...rest].filter(({ takesPart }) => takesPart).length;
  const devices: PlannedDevice[] = [];
  const waveEnds: number[] = [];
  let parts = 0;
  let next = 0;
  for (const [wave, { size }] of policy.waves.entries()) {
    const members = [...(named[wave] ?? [])];
    parts += members.filter(({ takesPart }) => takesPart).length;
    const end = waveEnd(size, total);
    // Who does not take part goes along with those before; at the end, with the last of them.
    const goal = wave === policy.waves.length - 1 && end >= total ? Infinity : end;
    while (next < rest.length && parts < goal) {
      const member = rest[next++];
      if (member === undefined) continue;
      members.push(member);
      if (member.takesPart) parts++;
    }
    for (const { device } of members) devices.push({ ...device, wave });
    waveEnds.push(devices.length);
  }
  return { devices, waveEnds };
}

interface MemberContext extends Omit<PlanRequest, 'devices' | 'others'> {
  readonly fits: FitCheck;
  readonly others: ReadonlySet<string> | undefined;
}

function memberOf(candidate: PlanCandidate, context: MemberContext): Member {
  const { deviceId } = candidate;
  const version = versionOf(candidate);
  const isSkipped = candidate.report?.value.digest === context.firmware.manifest.sha256;
  const blocked = isSkipped ? undefined : blockedNow(candidate, context);
  return {
    device: {
      deviceId,
      ...(version !== undefined && { version }),
      ...(blocked !== undefined && { blocked }),
      ...(isSkipped && { skipped: true as const }),
    },
    takesPart: !isSkipped && blocked === undefined,
  };
}

function blockedNow(candidate: PlanCandidate, { spec, fits, now, others }: MemberContext): BlockReason | undefined {
  const { mark } = candidate;
  const reason = fits(candidate);
  if (reason !== undefined || mark === undefined || mark.rollout === spec.id) return reason;
  if (mark.outcome === undefined && (others === undefined || others.has(mark.rollout))) return 'in-other-rollout';
  return mark.penaltyUntil !== undefined && Date.parse(mark.penaltyUntil) > now ? 'penalty' : undefined;
}

function namedDevices({ policy }: Spec, candidates: ReadonlyMap<string, unknown>): ReadonlyMap<string, number> {
  const namedIn = new Map<string, number>();
  for (const [wave, each] of policy.waves.entries()) {
    const ids = 'devices' in each ? (each.devices ?? []) : [];
    for (const deviceId of ids) {
      const earlier = namedIn.get(deviceId);
      if (earlier !== undefined && earlier !== wave) {
        throw new Failure(
          'invalid-value',
          `the waves ${earlier + 1} and ${wave + 1} both name the device "${deviceId}"`,
        );
      }
      if (!candidates.has(deviceId)) {
        throw new Failure('invalid-value', `wave ${wave + 1} names "${deviceId}", which the target does not match`, {
          hint: `iotctl device show ${deviceId}`,
        });
      }
      namedIn.set(deviceId, wave);
    }
  }
  return namedIn;
}
