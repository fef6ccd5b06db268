/** What the records hold, and what is checked when they are read: another program, or another version, may have written them. */
import { z } from 'zod';
import { Failure } from '../../../errors/index.ts';
import { signedManifestSchema, sha256Schema, type SignedManifest } from '../../../protocol/firmware/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { PlannedDevice } from '../model/plan.ts';
import { phases, type Intent, type Lease, type State } from '../model/record.ts';
import { specSchema, type Spec } from '../model/spec.ts';

/** What somebody has to say about a rollout. */
export interface AuditNote {
  /** ISO 8601. */
  readonly at: string;
  /** Who did it: a person, a controller, a device. */
  readonly actor: string;
  readonly action: string;
  readonly details: JsonObject;
}

/** Where an audit ended when this was written. */
export interface AuditHead {
  /** Number of the record, from 1; 0 when nothing is written yet. */
  readonly record: number;
  /** Number of the entry, from 1. */
  readonly seq: number;
  readonly hash: string;
}

/** `spec`: all of a plan but its devices. It is written last: a rollout without it is not there. */
export interface RolloutHeader {
  readonly format: 1;
  readonly spec: Spec;
  readonly firmware: SignedManifest;
  readonly planDigest: string;
  /** ISO 8601. */
  readonly plannedAt: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly waveEnds: readonly number[];
  readonly leftOut: number;
  /** Number of planned devices, and of the records they are in. */
  readonly devices: number;
  readonly parts: number;
}

export interface StoredIntent {
  readonly intent: Intent;
  readonly audit?: AuditHead | undefined;
}

export interface StoredState {
  readonly state: State;
  /** The end of the audit before the findings of this state. */
  readonly audit?: AuditHead | undefined;
  /** Belong to this state and are appended to the audit after it: whoever takes over looks whether they were. */
  readonly findings: readonly AuditNote[];
}

const count = z.int().min(0);
const time = z.number();

const auditHeadSchema = z.object({ record: count, seq: count, hash: sha256Schema });

const headerSchema = z.object({
  format: z.literal(1),
  spec: z.unknown(),
  firmware: signedManifestSchema,
  planDigest: sha256Schema,
  plannedAt: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  waveEnds: z.array(count),
  leftOut: count,
  devices: count,
  parts: count,
});

const plannedDeviceSchema = z.looseObject({ deviceId: z.string().min(1), wave: count });

const planPartSchema = z.object({ format: z.literal(1), devices: z.array(plannedDeviceSchema) });

const intentSchema = z.looseObject({
  paused: z.boolean(),
  approved: z.array(count),
  promoted: z.array(count),
  ending: z.enum(['abort', 'revert']).optional(),
  retries: z.array(z.looseObject({ deviceId: z.string(), attempt: count })),
  pardoned: z.looseObject({ decided: count, failures: count }).optional(),
});

const gateStateSchema = z.looseObject({
  name: z.string(),
  dryRun: z.boolean(),
  measured: count,
  failed: count,
  inconclusive: count,
});

const deviceInWave = { deviceId: z.string() };

const stateSchema = z.looseObject({
  phase: z.enum(phases),
  halt: z.looseObject({ kind: z.string() }).optional(),
  waves: z.array(z.looseObject({ openedAt: time, closedAt: time.optional(), gates: z.array(gateStateSchema) })),
  offering: z.array(z.looseObject({ ...deviceInWave, attempt: count })),
  rate: z.looseObject({ tokens: z.number(), at: time, perMinute: z.number() }),
  joined: z.array(z.looseObject({ ...deviceInWave, wave: count })),
  cannotReturn: z.array(z.looseObject({ ...deviceInWave, reason: z.string() })),
  summary: z.looseObject({
    waves: z.array(z.looseObject({ devices: count, states: z.record(z.string(), count) })),
    decided: count,
    failures: count,
    failuresByCode: z.record(z.string(), count),
    blocked: z.record(z.string(), count),
    inProgress: count,
  }),
  startedAt: time,
  updatedAt: time,
  endedAt: time.optional(),
  fence: count,
});

const leaseSchema = z.object({
  holder: z.string().min(1),
  fence: count,
  beat: count,
  ttlMs: z.number().positive(),
  released: z.literal(true).optional(),
});

const storedIntentSchema = z.object({ format: z.literal(1), intent: intentSchema, audit: auditHeadSchema.optional() });
const noteSchema = z.object({
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
const storedStateSchema = z.object({
  format: z.literal(1),
  state: stateSchema,
  audit: auditHeadSchema.optional(),
  findings: z.array(noteSchema).default([]),
});

/** Failure `data-unusable`. */
export function parseHeader(value: JsonObject, name: string): RolloutHeader {
  const header = parse(headerSchema, value, name);
  return { ...header, spec: parse(specSchema, header.spec, name) };
}

/** Failure `data-unusable`. */
export function parsePlanPart(value: JsonObject, name: string): readonly PlannedDevice[] {
  // Each member that is decided upon is checked; the others are only shown.
  return parse(planPartSchema, value, name).devices;
}

/** Failure `data-unusable`. */
export function parseIntent(value: JsonObject, name: string): StoredIntent {
  const { intent, audit } = parse(storedIntentSchema, value, name);
  return { intent: intent as Intent, audit };
}

/** Failure `data-unusable`. */
export function parseState(value: JsonObject, name: string): StoredState {
  const { state, audit, findings } = parse(storedStateSchema, value, name);
  return { state: state as unknown as State, audit, findings };
}

/** Failure `data-unusable`. */
export function parseLease(value: JsonObject, name: string): Lease {
  const { released, ...lease } = parse(leaseSchema, value, name);
  return { ...lease, ...(released && { released }) };
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.map(String).join('.')})`;
  throw new Failure('data-unusable', `the record ${name} is not understood${where}: ${issue?.message ?? 'no reason'}`, {
    hint: 'was it written by a newer version? iotctl doctor',
    details: { record: name },
  });
}
