import type { RecordStore } from '../../../client/records.ts';
import { Failure, isFailure } from '../../../errors/index.ts';
import { manifestDigest } from '../../../protocol/firmware/index.ts';
import { canonicalJson } from '../../../std/canonical-json.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Plan, PlannedDevice } from '../model/plan.ts';
import { openAuditLog } from './audit-chain.ts';
import { parseHeader, type RolloutHeader } from './documents.ts';
import { recordNames } from './names.ts';

/** JSON of one part of a plan, in UTF-16 units: well below what a record may hold. */
const partLength = 512 * 1_024;

interface CreateOptions {
  /** Who asks for it, for the audit. */
  readonly actor: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** `attached`: the same rollout was there already; its plan stays as it was made. */
interface CreatedRollout {
  readonly outcome: 'created' | 'attached';
  readonly header: RolloutHeader;
}

/**
 * Writes a rollout's plan, and last its `spec`, with which it begins to exist: one that was only half written is nobody's to drive, and
 * is completed by the next try. Failure `conflict` when another spec, or other firmware, has the id.
 */
export async function createRollout(records: RecordStore, plan: Plan, options: CreateOptions): Promise<CreatedRollout> {
  const { signal } = options;
  const { id } = plan.spec;
  const names = recordNames(id);
  const present = await records.read(names.spec, signal);
  if (present !== undefined) return attach(plan, parseHeader(present.value, present.name));
  const parts = partsOf(plan.devices);
  for (const [index, devices] of parts.entries()) {
    // The name holds the digest of the plan, so whoever writes it writes the same.
    const value = { format: 1, devices: devices as unknown as JsonObject[] };
    await records.write(names.planPart(plan.digest, index + 1), value, { ...(signal && { signal }) });
  }
  const header = headerOf(plan, parts.length, options);
  try {
    await records.write(names.spec, header as unknown as JsonObject, { etag: 'none', ...(signal && { signal }) });
  } catch (error) {
    if (!isFailure(error, 'changed-meanwhile')) throw error;
    const first = await records.read(names.spec, signal);
    if (first === undefined) throw error;
    const found = parseHeader(first.value, first.name);
    // The answer to this very write may have been lost.
    if (canonicalJson(first.value) !== canonicalJson(header as unknown as JsonObject)) return attach(plan, found);
  }
  await openAuditLog(records, id).append([createdNote(header)], signal);
  return { outcome: 'created', header };
}

/** What the audit begins with. A controller that finds an empty audit writes it, should the creator have been killed before. */
export function createdNote(header: RolloutHeader): Parameters<ReturnType<typeof openAuditLog>['append']>[0][number] {
  const { manifest, keyId } = header.firmware;
  return {
    at: header.createdAt,
    actor: header.createdBy,
    action: 'created',
    details: {
      plan: header.planDigest,
      firmware: `${manifest.name} ${manifest.version}`,
      manifest: manifestDigest(manifest),
      keyId,
      devices: header.devices,
    },
  };
}

function attach(plan: Plan, header: RolloutHeader): CreatedRollout {
  const isSame =
    canonicalJson(plan.spec as unknown as JsonObject) === canonicalJson(header.spec as unknown as JsonObject) &&
    manifestDigest(plan.firmware.manifest) === manifestDigest(header.firmware.manifest);
  if (isSame) return { outcome: 'attached', header };
  throw new Failure('conflict', `there is a rollout "${plan.spec.id}" already, and it is another one`, {
    hint: `choose another id, or look at it: iotctl rollout show ${plan.spec.id}`,
    details: { rollout: plan.spec.id, plan: header.planDigest },
  });
}

function headerOf(plan: Plan, parts: number, { actor, now }: CreateOptions): RolloutHeader {
  return {
    format: 1,
    spec: plan.spec,
    firmware: plan.firmware,
    planDigest: plan.digest,
    plannedAt: plan.createdAt,
    createdAt: new Date(now).toISOString(),
    createdBy: actor,
    waveEnds: plan.waveEnds,
    leftOut: plan.leftOut,
    devices: plan.devices.length,
    parts,
  };
}

function partsOf(devices: readonly PlannedDevice[]): PlannedDevice[][] {
  const parts: PlannedDevice[][] = [];
  let part: PlannedDevice[] = [];
  let length = 0;
  for (const device of devices) {
    const size = JSON.stringify(device).length + 1;
    if (part.length > 0 && length + size > partLength) {
      parts.push(part);
      part = [];
      length = 0;
    }
    part.push(device);
    length += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
