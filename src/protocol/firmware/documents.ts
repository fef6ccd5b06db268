/** The twin's side of an update: what a rollout asks of a device (desired), and what the device says (reported). */
import { z } from 'zod';
import {
  hardwareSchema,
  keyIdSchema,
  manifestSchema,
  sha256Schema,
  signatureSchema,
  timeSchema,
  versionSchema,
} from './manifest.ts';
import { signedTrustSchema } from './trust.ts';

export const rolloutIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits and -')
  .meta({ description: 'Id of the rollout' });

const seconds = z.int().min(1).max(31_536_000);

/** How long a device may take for each step, in seconds; the controller counts by the same numbers. */
const deadlinesSchema = z.strictObject({
  offer: seconds.meta({ description: 'Until the device begins; then it is unreached' }),
  stall: seconds.meta({ description: 'Without progress of the download; then it has failed' }),
  install: seconds.meta({ description: 'From the start of the installation to the restart; then the device is lost' }),
  reboot: seconds.meta({
    description: 'From the restart to the first report of the new firmware; then the device is lost',
  }),
  confirm: seconds.meta({
    description: 'From its first start until the new firmware is confirmed; then the device reverts',
  }),
});

export type Deadlines = z.infer<typeof deadlinesSchema>;

/**
 * `properties.desired.firmware`. Not the schema of what a device trusts: the manifest is checked by its signature before anything of
 * it is used, so that a report can say which part is wrong.
 */
export const offerSchema = z
  .object({
    rollout: rolloutIdSchema,
    attempt: z.int().min(1).max(1_000_000).meta({ description: 'Counts the offers of one rollout to one device' }),
    manifest: manifestSchema,
    keyId: keyIdSchema,
    signature: signatureSchema,
    url: z
      .url({ protocol: /^https?$/ })
      .max(4_000)
      .meta({ description: 'Where the file is; may carry its own permission' }),
    notBefore: timeSchema.optional().meta({ description: 'Downloaded at once, installed not before this' }),
    deadlines: deadlinesSchema,
    trust: z.array(signedTrustSchema).max(16).optional().meta({ description: 'Newer sets of keys, oldest first' }),
  })
  .meta({ title: 'Firmware offer', description: 'properties.desired.firmware of a twin' });

export type Offer = z.infer<typeof offerSchema>;

/** What a device is doing, in its own words. `idle` is a device that was asked nothing, or has withdrawn. */
export const reportStates = [
  'idle',
  'deferred',
  'downloading',
  'staged',
  'installing',
  'rebooting',
  'trial',
  'confirmed',
  'reverted',
  'failed',
  'rejected',
] as const;
export type ReportState = (typeof reportStates)[number];

/** `properties.reported.firmware`. A report counts when its (attempt, seq) is higher than the one before. */
export const reportSchema = z
  .object({
    rollout: rolloutIdSchema.nullish().meta({ description: 'Absent or null when no rollout has asked yet' }),
    attempt: z.int().min(0),
    seq: z.int().min(0).meta({ description: 'Rises with each report of an attempt; kept over restarts' }),
    state: z.enum(reportStates),
    progress: z.number().min(0).max(100).nullish().meta({ description: 'Of the download, percent' }),
    version: versionSchema.meta({ description: 'What the device runs now' }),
    digest: sha256Schema.meta({ description: 'SHA-256 of what the device runs now' }),
    hardware: hardwareSchema.nullish(),
    bootCount: z.int().min(0).meta({ description: 'Starts of the device since it was made' }),
    resetReason: z.string().max(64).nullish(),
    until: timeSchema.nullish().meta({ description: 'Of a deferred update: when the device will look again' }),
    code: z.string().max(64).nullish().meta({ description: 'Why it failed, was rejected, reverted or deferred' }),
    message: z.string().max(512).nullish(),
  })
  .meta({ title: 'Firmware report', description: 'properties.reported.firmware of a twin' });

export type Report = z.infer<typeof reportSchema>;
