import { Failure } from '../../../errors/index.ts';
import { manifestName } from '../../../protocol/firmware/index.ts';
import { readFirmware } from '../../firmware/index.ts';
import type { Hub } from '../../ports.ts';
import type { Plan } from '../model/plan.ts';
import type { Spec } from '../model/spec.ts';
import { planDrift, type PlanDrift } from '../plan/index.ts';
import { createRollout, findRollout } from '../records/index.ts';
import { findFirmware } from './make-plan.ts';
import { readCandidates } from './read-candidates.ts';

interface StartOptions {
  /** Who asks for it, for the audit. */
  readonly actor: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

interface Started {
  /** `attached`: the same rollout was there already and goes on as it is. */
  readonly outcome: 'created' | 'attached';
  /** Digest of the plan in force. */
  readonly planDigest: string;
}

/**
 * Lets a rollout begin by a plan, if everything is as it was planned; from then on controllers drive it. The same rollout again changes
 * nothing, however far it has come. Failures: drifted, conflict (another rollout has the id), firmware-not-found.
 */
export async function startRollout(
  hub: Pick<Hub, 'records' | 'queries' | 'artifacts'>,
  plan: Plan,
  options: StartOptions,
): Promise<Started> {
  const present = await findRollout(hub.records, plan.spec.id, options.signal);
  // A rollout that is under way has changed its devices itself.
  if (present === undefined) {
    const firmware = await findFirmware(hub, plan.spec, options.signal);
    const drift = planDrift(plan, await readCandidates(hub, plan.spec, options.signal), firmware);
    if (drift !== undefined) throw driftFailure(drift);
    await checkFile(hub, plan, options.signal);
  }
  const { outcome, header } = await createRollout(hub.records, plan, options);
  return { outcome, planDigest: header.planDigest };
}

/**
 * Attaches to the rollout that has the id of a specification, before anything is planned; undefined when there is none. Failures:
 * conflict (it is another one), firmware-not-found.
 */
export async function attachRollout(
  { records }: Pick<Hub, 'records'>,
  spec: Spec,
  options: StartOptions,
): Promise<Started | undefined> {
  const present = await findRollout(records, spec.id, options.signal);
  if (present === undefined) return undefined;
  const firmware = await findFirmware({ records }, spec, options.signal);
  // What is there is compared by specification and firmware; its devices stay as they were planned.
  const { planDigest: digest, plannedAt: createdAt, waveEnds, leftOut } = present.header;
  const asked: Plan = { format: 1, digest, createdAt, spec, firmware, waveEnds, leftOut, devices: [] };
  const { outcome, header } = await createRollout(records, asked, options);
  return { outcome, planDigest: header.planDigest };
}

/** A rollout whose file is nowhere would halt with its first offer. Failure: firmware-not-found. */
async function checkFile(
  { records, artifacts }: Pick<Hub, 'records' | 'artifacts'>,
  { spec, firmware: { manifest } }: Plan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name, version, url } = spec.firmware;
  if (url !== undefined || (await readFirmware(records, name, version, signal)).url !== undefined) return;
  if ((await artifacts.find(manifest.sha256, signal)) !== undefined) return;
  throw new Failure('firmware-not-found', `the file of ${manifestName(manifest)} is not at the hub`, {
    hint: 'iotctl firmware add MANIFEST --file FILE',
  });
}

/** A failure names so many of each kind; its details hold more. */
const named = 3;
const detailed = 100;

function driftFailure(drift: PlanDrift): Failure {
  return new Failure('drifted', `the plan no longer fits: ${driftText(drift)}`, {
    hint: 'make the plan again: iotctl rollout plan',
    details: {
      ...(drift.firmware !== undefined && { firmware: drift.firmware }),
      ...(drift.leftOut !== undefined && { leftOut: drift.leftOut }),
      gone: drift.gone.slice(0, detailed),
      added: drift.added.slice(0, detailed),
      changed: drift.changed.slice(0, detailed),
    },
  });
}

function driftText({ firmware, gone, added, leftOut, changed }: PlanDrift): string {
  const parts: string[] = [];
  if (firmware !== undefined)
    parts.push(
      `the manifest is another one (${firmware.before.slice(0, 12)} was planned, ${firmware.after.slice(0, 12)} is there)`,
    );
  if (gone.length > 0)
    parts.push(`${gone.length} planned no longer ${gone.length === 1 ? 'matches' : 'match'} (${sample(gone)})`);
  if (added.length > 0)
    parts.push(`${added.length} more ${added.length === 1 ? 'matches' : 'match'} (${sample(added)})`);
  if (leftOut !== undefined) parts.push(`${leftOut.after} are beyond the last wave instead of ${leftOut.before}`);
  if (changed.length > 0) parts.push(`${changed.length} changed (${sample(changed.map(changeText), '; ')})`);
  return parts.join('; ');
}

function changeText({ deviceId, version, blocked, skipped }: PlanDrift['changed'][number]): string {
  if (version !== undefined) return `${deviceId}: version ${said(version.before)}, now ${said(version.after)}`;
  if (blocked !== undefined) return `${deviceId}: blocked by ${said(blocked.before)}, now by ${said(blocked.after)}`;
  return `${deviceId}: ${skipped?.after === true ? 'runs it already' : 'no longer runs it'}`;
}

function said(value: string | undefined): string {
  return value ?? 'nothing';
}

function sample(texts: readonly string[], joint = ', '): string {
  return `${texts.slice(0, named).join(joint)}${texts.length > named ? ', …' : ''}`;
}
