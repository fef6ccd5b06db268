/** What a rollout shall do: the document a person writes, in YAML or JSON. Source: docs/concepts/rollouts.md. */
import { z } from 'zod';
import { rolloutIdSchema, sha256Schema, versionSchema } from '../../../protocol/firmware/index.ts';
import { parseDuration } from '../../../std/duration.ts';
import { limitSchema } from './condition.ts';
import { needsControl } from './gates.ts';

/** Seconds; written as a number of them, or as `30m`. */
const durationSchema = z
  .union([z.number().min(0).max(31_536_000), z.string()])
  .transform((value, context) => {
    const seconds = typeof value === 'number' ? value : (parseDuration(value) ?? Number.NaN) / 1_000;
    if (!Number.isFinite(seconds)) {
      context.addIssue({ code: 'custom', message: 'must be a duration such as 30m, or seconds' });
      return z.NEVER;
    }
    return seconds;
  })
  .meta({ description: 'Seconds, or a text such as 30s, 10m, 24h' });

/** A share from 0 to 1; written as `2%` or `0.02`. */
const shareSchema = z.union([z.number().min(0).max(1), z.string()]).transform((value, context) => {
  const share = typeof value === 'number' ? value : Number(/^(\d+(?:\.\d+)?)%$/.exec(value)?.[1] ?? 'NaN') / 100;
  if (share >= 0 && share <= 1) return share;
  context.addIssue({ code: 'custom', message: 'must be a share such as 2% or 0.02' });
  return z.NEVER;
});

/** The path of a tag below `tags`, such as `site` or `rollout.wariness`. */
const tagPathSchema = z.string().regex(/^[^.$\s]+(?:\.[^.$\s]+)*$/, 'must be the path of a tag, such as site');

const aggregateSchema = z.enum(['avg', 'min', 'max', 'p95', 'rate', 'count']);

/** One thing that is measured before the next wave opens. Exactly one of `twin`, `telemetry` and `command`. */
export const gateSchema = z
  .strictObject({
    name: z.string().min(1).max(64),
    twin: z
      .strictObject({ where: z.string().min(1) })
      .optional()
      .meta({
        description:
          'The share of the wave’s updated devices whose twin meets a condition of the IoT Hub query language',
      }),
    telemetry: z
      .strictObject({
        field: z.string().min(1).optional().meta({ description: 'Path in the body; not needed for rate and count' }),
        aggregate: aggregateSchema,
        over: durationSchema.default(300).meta({ description: 'How far back messages count' }),
      })
      .optional()
      .meta({
        description:
          'An aggregate over the telemetry of the wave’s updated devices; rate is messages per device and minute',
      }),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'A program and its arguments; exit 0 passes, 1 fails, anything else is inconclusive' }),
    timeout: durationSchema.optional().meta({ description: 'How long the command may take; a minute when absent' }),
    pass: limitSchema.optional(),
    fail: limitSchema.optional(),
    interval: durationSchema.default(60),
    count: z.int().min(1).max(1_000).default(1).meta({ description: 'Measurements that must be there' }),
    failureLimit: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .meta({ description: 'Failed measurements that are put up with' }),
    inconclusiveLimit: z.int().min(0).max(1_000).default(3),
    initialDelay: durationSchema.default(0),
    dryRun: z.boolean().default(false).meta({ description: 'Measured and shown, but without effect' }),
  })
  .refine(
    ({ twin, telemetry, command }) => [twin, telemetry, command].filter((kind) => kind !== undefined).length === 1,
    'needs exactly one of twin, telemetry and command',
  )
  .refine(({ command, pass }) => command !== undefined || pass !== undefined, 'needs a limit to pass');

/** Measurements are told apart by the names of their gates. */
const gatesSchema = z
  .array(gateSchema)
  .max(32)
  .refine(
    (gates) => new Set(gates.map(({ name }) => name)).size === gates.length,
    'the gates of a wave need different names',
  );

export type Gate = z.output<typeof gateSchema>;

const waveSizeSchema = z
  .union([
    z.int().min(1),
    z.string().regex(/^(?:100|\d{1,2}(?:\.\d+)?)%$/, 'must be a number of devices or a percentage'),
  ])
  .meta({
    description: 'All devices up to here, those of earlier waves among them: a number, or a percentage such as 10%',
  });

const waveSchema = z.union([
  waveSizeSchema.transform((size) => ({ size, approval: false })),
  z.strictObject({
    size: waveSizeSchema,
    name: z.string().min(1).max(64).optional(),
    devices: z
      .array(z.string())
      .optional()
      .meta({ description: 'Devices that belong into this wave, such as named canaries' }),
    bake: durationSchema.optional(),
    approval: z.boolean().default(false).meta({ description: 'Opens only after rollout approve' }),
    gates: gatesSchema.optional(),
  }),
]);

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const clockTimeSchema = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 01:30');

export const policySchema = z.strictObject({
  waves: z
    .array(waveSchema)
    .min(1)
    .max(50)
    .default([{ size: '100%', approval: false }]),
  bake: durationSchema.default(300).meta({ description: 'How long a confirmed device must stay healthy' }),
  gates: gatesSchema.default([]).meta({ description: 'Of every wave that has none of its own' }),
  warinessTag: tagPathSchema
    .default('rollout.wariness')
    .meta({ description: 'Tag from 0 (eager) to 1 (cautious) that biases the order' }),
  rate: z
    .union([
      z.strictObject({ perMinute: z.number().positive().max(1_000_000) }),
      z.strictObject({
        base: z.number().min(1).max(1_000).meta({ description: 'Offers per minute at the beginning' }),
        factor: z.number().min(1.1).max(5),
        stepBy: z.enum(['notified', 'succeeded']),
        every: z.int().min(1).max(100_000).meta({ description: 'So many devices raise the rate by the factor' }),
      }),
    ])
    .optional(),
  maxInProgress: z.int().min(1).max(1_000_000).optional(),
  faultDomain: z
    .strictObject({ tag: tagPathSchema, max: z.int().min(1).max(1_000_000) })
    .optional()
    .meta({ description: 'At most so many devices with the same value of the tag in progress at once' }),
  failureLimit: z
    .strictObject({
      rate: shareSchema.optional(),
      minimumSample: z.int().min(1).max(1_000_000).default(10),
      count: z
        .int()
        .min(0)
        .max(1_000_000)
        .optional()
        .meta({ description: 'More failures than this, whatever their share' }),
    })
    .default({ rate: 0.05, minimumSample: 10 }),
  onFailure: z.enum(['pause', 'abort', 'revert']).default('pause'),
  timeouts: z
    .strictObject({
      offer: durationSchema.default(86_400),
      stall: durationSchema.default(600),
      install: durationSchema.default(900),
      reboot: durationSchema.default(900),
      confirm: durationSchema.default(900),
    })
    .prefault({}),
  maxDeferrals: z.int().min(0).max(1_000).default(5),
  retries: z
    .strictObject({
      limit: z.int().min(0).max(100).default(2),
      backoff: durationSchema.default(60),
      factor: z.number().min(1).max(10).default(2),
    })
    .prefault({})
    .meta({ description: 'For failures that may be over with another attempt' }),
  penalty: z
    .strictObject({ attempts: z.int().min(1).max(100).default(3), for: durationSchema.default(86_400) })
    .prefault({})
    .meta({ description: 'A device that was offered so often without success is left alone for so long' }),
  window: z
    .strictObject({
      from: clockTimeSchema,
      to: clockTimeSchema,
      days: z.array(z.enum(days)).min(1).optional(),
      timezoneTag: tagPathSchema
        .default('timezone')
        .meta({ description: 'Tag with the device’s time zone, such as Europe/Berlin; UTC where there is none' }),
      download: z.enum(['now', 'in-window']).default('now'),
    })
    .optional()
    .meta({ description: 'When devices may install, in their own time' }),
  allowUnknownHardware: z.boolean().default(false),
});

const targetSchema = z
  .strictObject({
    where: z.string().min(1).optional().meta({ description: 'A condition of the IoT Hub query language' }),
    devices: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(({ where, devices }) => where !== undefined || devices !== undefined, 'needs where or devices');

export const specSchema = z
  .strictObject({
    format: z.literal(1).default(1),
    id: rolloutIdSchema,
    firmware: z.strictObject({
      name: z.string().min(1),
      version: versionSchema,
      sha256: sha256Schema.optional(),
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .meta({ description: 'Where the file is, when the hub does not keep it' }),
    }),
    target: targetSchema,
    policy: policySchema.prefault({}),
  })
  .superRefine(({ policy: { waves, gates } }, context) => {
    const last = waves.length - 1;
    const wave = waves[last];
    const own = wave !== undefined && 'gates' in wave ? (wave.gates ?? []) : [];
    const path = own.length > 0 ? ['policy', 'waves', last, 'gates'] : ['policy', 'gates'];
    if (![...own, ...(last === 0 ? gates : [])].some(needsControl)) return;
    const message = 'compares with devices that are not updated yet, and after the last wave there are none';
    context.addIssue({ code: 'custom', path, message });
  })
  .meta({ title: 'Rollout', description: 'One firmware brought to a set of devices by a policy' });

/** As a person writes it. */
export type SpecInput = z.input<typeof specSchema>;
/** With every default filled in; durations are seconds. */
export type Spec = z.output<typeof specSchema>;
export type Policy = z.output<typeof policySchema>;
export type Wave = Policy['waves'][number];
