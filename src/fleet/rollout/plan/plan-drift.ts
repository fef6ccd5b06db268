import { manifestDigest, type SignedManifest } from '../../../protocol/firmware/index.ts';
import type { BlockReason, Plan, PlanCandidate, PlannedDevice } from '../model/plan.ts';
import { createFitCheck, versionOf } from './device-facts.ts';

/** What differs between a plan and the fleet and firmware as they are now. */
export interface PlanDrift {
  /** Digests of the manifests, when they differ. */
  readonly firmware?: { readonly before: string; readonly after: string };
  /** Planned, but not matched any more. */
  readonly gone: readonly string[];
  /** Matched, but not planned. Empty when the plan leaves devices out: then only their number can be compared. */
  readonly added: readonly string[];
  readonly leftOut?: { readonly before: number; readonly after: number };
  readonly changed: readonly ChangedDevice[];
}

export interface ChangedDevice {
  readonly deviceId: string;
  readonly version?: Change<string>;
  /** Why the firmware does not fit; a device that is only in the way of something for a time has not drifted. */
  readonly blocked?: Change<BlockReason>;
  readonly skipped?: Change<true>;
}

interface Change<Value> {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** What makes firmware fit or not; the other reasons come and go, and are looked at when a device's turn has come. */
const lasting: ReadonlySet<BlockReason> = new Set<BlockReason>([
  'hardware-mismatch',
  'hardware-unknown',
  'below-min-version',
  'version-unknown',
]);

/** Exactly what has changed since the plan was made; undefined when nothing has. Lists are in the order of ids. */
export function planDrift(
  plan: Plan,
  candidates: readonly PlanCandidate[],
  firmware: SignedManifest,
): PlanDrift | undefined {
  const present = new Map(candidates.map((candidate) => [candidate.deviceId, candidate]));
  const compare = comparer(plan);
  const gone: string[] = [];
  const changed: ChangedDevice[] = [];
  for (const planned of plan.devices) {
    const candidate = present.get(planned.deviceId);
    if (candidate === undefined) gone.push(planned.deviceId);
    else changed.push(...compare(planned, candidate));
    present.delete(planned.deviceId);
  }
  const before = manifestDigest(plan.firmware.manifest);
  const after = manifestDigest(firmware.manifest);
  const beyond = [...present.keys()];
  const drift: PlanDrift = {
    ...(before !== after && { firmware: { before, after } }),
    gone: gone.toSorted(),
    added: plan.leftOut === 0 ? beyond.toSorted() : [],
    ...(plan.leftOut > 0 &&
      plan.leftOut !== beyond.length && { leftOut: { before: plan.leftOut, after: beyond.length } }),
    changed: changed.toSorted((left, right) => (left.deviceId < right.deviceId ? -1 : 1)),
  };
  const { firmware: otherFirmware, leftOut } = drift;
  const isSame = otherFirmware === undefined && leftOut === undefined;
  return isSame && drift.gone.length + drift.added.length + changed.length === 0 ? undefined : drift;
}

function comparer({
  spec,
  firmware: { manifest },
}: Plan): (planned: PlannedDevice, candidate: PlanCandidate) => ChangedDevice[] {
  const fits = createFitCheck(manifest, spec.policy);
  return (planned, candidate) => {
    // That a device has said its version since then changes nothing by itself; what it means for the device is compared below.
    const version = planned.version === undefined ? undefined : changeOf(planned.version, versionOf(candidate));
    const skipped = changeOf(planned.skipped, candidate.report?.value.digest === manifest.sha256 || undefined);
    const present = skipped ? undefined : lastingOnly(fits(candidate));
    const blocked =
      present === undefined && isUnknown(planned.blocked) ? undefined : changeOf(lastingOnly(planned.blocked), present);
    if (version === undefined && skipped === undefined && blocked === undefined) return [];
    return [
      {
        deviceId: planned.deviceId,
        ...(version && { version }),
        ...(blocked && { blocked }),
        ...(skipped && { skipped: { before: skipped.before, after: skipped.after === undefined ? undefined : true } }),
      },
    ];
  };
}

function lastingOnly(reason: BlockReason | undefined): BlockReason | undefined {
  return reason !== undefined && lasting.has(reason) ? reason : undefined;
}

/** The plan says of such a device that it is offered the firmware when it has told enough and fits. */
function isUnknown(reason: BlockReason | undefined): boolean {
  return reason === 'version-unknown' || reason === 'hardware-unknown';
}

function changeOf<Value>(before: Value | undefined, after: Value | undefined): Change<Value> | undefined {
  return before === after ? undefined : { before, after };
}
