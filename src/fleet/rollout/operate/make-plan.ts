import { Failure } from '../../../errors/index.ts';
import { manifestName, type SignedManifest } from '../../../protocol/firmware/index.ts';
import { readFirmware } from '../../firmware/index.ts';
import type { Hub } from '../../ports.ts';
import type { Plan, PlanCandidate } from '../model/plan.ts';
import type { Spec } from '../model/spec.ts';
import { planRollout } from '../plan/index.ts';
import { readCandidates } from './read-candidates.ts';
import { livingRollouts } from './living-rollouts.ts';

interface MadePlan {
  readonly plan: Plan;
  /** Named by the target, but not at the hub, or kept out by its condition. */
  readonly missing: readonly string[];
}

interface PlanOptions {
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at the fleet and plans: nothing is written. Failures: firmware-not-found, drifted (the hub keeps another file than the
 * specification names), no-match, invalid-query, invalid-value.
 */
export async function makePlan(
  hub: Pick<Hub, 'records' | 'queries'>,
  spec: Spec,
  { now, signal }: PlanOptions,
): Promise<MadePlan> {
  const firmware = await findFirmware(hub, spec, signal);
  const devices = await readCandidates(hub, spec, signal);
  if (devices.length === 0) throw new Failure('no-match', 'no device matches the target of the rollout');
  const others = await livingRollouts(hub, signal);
  const plan = planRollout({ spec, firmware, devices, now, others });
  return { plan, missing: missingOf(spec, devices) };
}

/** The manifest that a specification names. Failures: firmware-not-found, drifted. */
export async function findFirmware(
  { records }: Pick<Hub, 'records'>,
  { firmware: { name, version, sha256 } }: Pick<Spec, 'firmware'>,
  signal?: AbortSignal,
): Promise<SignedManifest> {
  const { signed } = await readFirmware(records, name, version, signal);
  if (sha256 === undefined || sha256 === signed.manifest.sha256) return signed;
  throw new Failure(
    'drifted',
    `${manifestName(signed.manifest)} at the hub has the SHA-256 ${signed.manifest.sha256}, and not ${sha256}`,
    { hint: 'iotctl firmware show' },
  );
}

function missingOf({ target }: Spec, devices: readonly PlanCandidate[]): string[] {
  const found = new Set(devices.map(({ deviceId }) => deviceId));
  return (target.devices ?? []).filter((deviceId) => !found.has(deviceId));
}
