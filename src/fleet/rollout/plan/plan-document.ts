/** Plans as files: what is checked when one is read, and the digest that names it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../../../errors/index.ts';
import { sha256Schema, signedManifestSchema, timeSchema, versionSchema } from '../../../protocol/firmware/index.ts';
import { canonicalJson } from '../../../std/canonical-json.ts';
import type { JsonObject } from '../../../std/json.ts';
import { blockReasons, type Plan } from '../model/plan.ts';
import { specSchema } from '../model/spec.ts';

const count = z.int().min(0);

/** The schema of a plan file, format 1. */
const planSchema = z
  .strictObject({
    format: z.literal(1).meta({ description: 'Version of this document' }),
    digest: sha256Schema.meta({ description: 'SHA-256 over all but itself and createdAt, by RFC 8785' }),
    createdAt: timeSchema,
    spec: specSchema,
    firmware: signedManifestSchema,
    waveEnds: z.array(count).min(1).max(50).meta({ description: 'Devices up to and with each wave' }),
    devices: z
      .array(
        z.strictObject({
          deviceId: z.string().min(1),
          wave: count.meta({ description: 'Index of the wave, from 0' }),
          version: versionSchema.optional().meta({ description: 'What ran there when the plan was made' }),
          blocked: z.enum(blockReasons).optional(),
          skipped: z.literal(true).optional().meta({ description: 'Runs the firmware already' }),
        }),
      )
      .meta({ description: 'In the order in which they are offered' }),
    leftOut: count.meta({ description: 'Devices that match but are beyond the last wave' }),
  })
  .meta({ title: 'Rollout plan', description: 'The exact list of what a rollout does' });

/** SHA-256 of the canonical form of everything but the digest itself and the time, hexadecimal. */
export function digestOfPlan(plan: Omit<Plan, 'digest' | 'createdAt'>): string {
  const { format, spec, firmware, waveEnds, devices, leftOut } = plan;
  const content = { format, spec, firmware, waveEnds, devices, leftOut };
  return createHash('sha256')
    .update(canonicalJson(content as unknown as JsonObject))
    .digest('hex');
}

/**
 * A plan as a file holds it. Failures: `invalid-input` when it is no plan; `drifted` when it is not the plan that its digest was made
 * for: it was changed by hand, or by a version of iotctl that reads the specification otherwise.
 */
export function parsePlan(json: unknown): Plan {
  const parsed = planSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    throw new Failure(
      'invalid-input',
      `this is not a plan: ${where === '' ? '' : `${where}: `}${issue?.message ?? ''}`,
      {
        hint: 'iotctl rollout plan',
      },
    );
  }
  const plan = parsed.data as Plan;
  const digest = digestOfPlan(plan);
  if (digest !== plan.digest) {
    throw new Failure('drifted', `the plan was changed after it was made: its digest is ${digest}, not ${plan.digest}`);
  }
  const problem = disorderOf(plan);
  if (problem !== undefined) throw new Failure('invalid-input', `this is not a plan: ${problem}`);
  return plan;
}

/** A digest can be made for anything; what is decided by a plan relies on these. */
function disorderOf({ spec, waveEnds, devices }: Plan): string | undefined {
  if (waveEnds.length !== spec.policy.waves.length) return 'it has not as many waves as its specification';
  const ends = waveEnds.map(() => 0);
  let last = 0;
  for (const { deviceId, wave } of devices) {
    if (wave < last || wave >= waveEnds.length) return `the device "${deviceId}" is out of the order of waves`;
    last = wave;
    ends[wave] = (ends[wave] ?? 0) + 1;
  }
  let sum = 0;
  for (const [wave, size] of ends.entries()) {
    sum += size;
    if (waveEnds[wave] !== sum) return `wave ${wave + 1} does not end where it says`;
  }
  if (new Set(devices.map(({ deviceId }) => deviceId)).size !== devices.length) return 'a device is in it twice';
  return undefined;
}
