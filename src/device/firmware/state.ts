/** What an update remembers over restarts: small, and written whole. */
import { z } from 'zod';
import {
  offerSchema,
  sha256Schema,
  versionSchema,
  rolloutIdSchema,
  reportStates,
} from '../../protocol/firmware/index.ts';

const slotSchema = z.enum(['a', 'b']);
const count = z.int().min(0);

const installedSchema = z.object({ version: versionSchema, digest: sha256Schema });

/** What a slot holds. */
export type Installed = z.infer<typeof installedSchema>;

const toldSchema = z.object({
  rollout: rolloutIdSchema.nullable(),
  attempt: count,
  state: z.enum(reportStates),
  code: z.string().max(64).optional(),
  message: z.string().max(512).optional(),
  progress: z.number().optional(),
  /** Unix milliseconds. */
  until: z.number().optional(),
});

/** What the device has said last about an update. */
export type Told = z.infer<typeof toldSchema>;

const jobSchema = z.object({
  /** What is under way; after a restart the device goes on from there. */
  phase: z.enum(['downloading', 'staged', 'activating', 'trial', 'reverting']),
  /** As it was accepted, without its chain of keys. */
  offer: offerSchema,
  target: slotSchema,
  /** Where the device goes back to. */
  previous: slotSchema,
  /** Of the file that is being fetched. */
  etag: z.string().max(512).optional(),
  deferrals: count,
  /** Of the slot under way, each counted before it is tried. */
  activations: count,
  /** The activation has said that a restart of the device follows. */
  restarting: z.boolean().optional(),
  /** Starts of the machine while the firmware was on trial. */
  starts: count,
  /** When the trial began, Unix milliseconds. */
  trialSince: z.number().optional(),
  /** Why it could not go back yet. */
  trouble: z.string().max(512).optional(),
  /** Of a job that goes back: what will be said of it. */
  verdict: z
    .object({ state: z.enum(['reverted', 'failed']), code: z.string().max(64), message: z.string().max(512) })
    .optional(),
});

/** An update under way. */
export type Job = z.infer<typeof jobSchema>;
/** What will be said of an update that goes back. */
export type RevertVerdict = NonNullable<Job['verdict']>;

export const installerStateSchema = z.object({
  format: z.literal(1),
  /** No report has had a higher number. */
  seq: count,
  /** Starts of the device, and of firmware on it, that the machine has seen. */
  bootCount: count,
  bootId: z.string().max(128),
  /** The highest of a confirmed release. */
  releaseCounter: count,
  slots: z.object({ a: installedSchema.optional(), b: installedSchema.optional() }),
  /** Attempts that are over: none of them is begun again. Newest last. */
  finished: z.array(z.object({ rollout: rolloutIdSchema, attempt: count })).max(64),
  last: toldSchema,
  /** What was confirmed last. A device may fall back to its other slot later, when this one boots no more. */
  confirmed: z.object({ rollout: rolloutIdSchema, attempt: count, digest: sha256Schema }).optional(),
  job: jobSchema.optional(),
});

export type InstallerState = z.infer<typeof installerStateSchema>;

/** Rollouts whose attempts are remembered. */
const remembered = 16;

export function otherSlot(slot: 'a' | 'b'): 'a' | 'b' {
  return slot === 'a' ? 'b' : 'a';
}

/** Whether an attempt is over, or an older one than one that is. */
export function isFinished(state: InstallerState, rollout: string, attempt: number): boolean {
  return state.finished.some((each) => each.rollout === rollout && each.attempt >= attempt);
}

export function withFinished(state: InstallerState, rollout: string, attempt: number): InstallerState['finished'] {
  const others = state.finished.filter((each) => each.rollout !== rollout);
  return [...others, { rollout, attempt }].slice(-remembered);
}

/** The state of a device that has never been offered anything. */
export function firstState(slot: 'a' | 'b', installed: Installed, releaseCounter = 0): InstallerState {
  return {
    format: 1,
    seq: 0,
    bootCount: 0,
    bootId: '',
    releaseCounter,
    slots: { [slot]: installed },
    finished: [],
    last: { rollout: null, attempt: 0, state: 'idle' },
  };
}

/** Something said of an update under way. */
export function tellOf({ offer }: Job, told: Omit<Told, 'rollout' | 'attempt'>): Told {
  return { rollout: offer.rollout, attempt: offer.attempt, ...told };
}
