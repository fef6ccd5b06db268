/** What is kept about a rollout at the hub: `spec` and `plan` never change, operators write `intent`, the controller writes `state`. */
import type { BlockReason } from './plan.ts';
import type { DeviceState, Outcome } from './observed.ts';
import type { JsonObject } from '../../../std/json.ts';

/** What operators have asked for; the controller follows. Each change is one audit entry by the command that made it. */
export interface Intent {
  readonly paused: boolean;
  /** Waves (from 0) that a person has let open. */
  readonly approved: readonly number[];
  /** Waves whose gate a person has overruled: the next opens although it did not pass. */
  readonly promoted: readonly number[];
  readonly ending?: 'abort' | 'revert';
  /** Devices to be tried again although their retries are used up; `attempt` is the one they had then. */
  readonly retries: readonly { readonly deviceId: string; readonly attempt: number }[];
  /** Set by resume: failures up to here no longer count against the limit. */
  readonly pardoned?: { readonly decided: number; readonly failures: number };
  /** Raised by each resume: a halt from before is over, and gates that have not passed are measured anew. */
  readonly resumes?: number;
}

export const phases = ['running', 'paused', 'aborting', 'aborted', 'reverting', 'reverted', 'completed'] as const;
export type Phase = (typeof phases)[number];

/** Why a rollout does not go on by itself. */
export type HaltReason =
  | { readonly kind: 'operator' }
  | { readonly kind: 'failure-limit'; readonly decided: number; readonly failures: number }
  | { readonly kind: 'gate-failed'; readonly wave: number; readonly gate: string }
  | { readonly kind: 'gate-inconclusive'; readonly wave: number; readonly gate: string }
  | { readonly kind: 'approval'; readonly wave: number }
  /** Nobody of a wave could be reached. */
  | { readonly kind: 'wave-unreached'; readonly wave: number }
  /** The hub's own fault, such as a file that is gone; over when the hub is well again. */
  | { readonly kind: 'trouble'; readonly message: string };

export type GateVerdict = 'pass' | 'fail' | 'inconclusive';

export interface Measurement {
  /** Unix milliseconds. */
  readonly at: number;
  readonly value?: number;
  readonly control?: number;
  readonly verdict: GateVerdict;
  readonly note?: string;
}

export interface GateState {
  readonly name: string;
  readonly dryRun: boolean;
  readonly measured: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly last?: Measurement;
  /** Absent until there are measurements enough. */
  readonly verdict?: GateVerdict;
}

export interface WaveState {
  /** Unix milliseconds. */
  readonly openedAt: number;
  /** Every device that the wave waits for is decided; its gates are measured from then on. */
  readonly settledAt?: number;
  /** It has passed, or a person has let the next one open. */
  readonly closedAt?: number;
  readonly gates: readonly GateState[];
}

export interface WaveCounts {
  readonly devices: number;
  readonly states: Readonly<Partial<Record<DeviceState, number>>>;
}

/** What `status` shows; the controller writes it with its state, so that a reader need not look at every twin. */
export interface Summary {
  readonly waves: readonly WaveCounts[];
  readonly decided: number;
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly blocked: Readonly<Partial<Record<BlockReason, number>>>;
  readonly inProgress: number;
  /** Offers of the last minute. */
  readonly offersPerMinute: number;
  /** Unix milliseconds, at the present rate; absent while it cannot be told. */
  readonly endsAt?: number;
}

/** Why a device is not brought back to what it ran before. */
export type ReturnProblem =
  /** It is not known what that was. */
  | 'previous-unknown'
  /** The hub does not keep that firmware. */
  | 'not-kept'
  /** Its release counter is lower than that of the rollout's firmware, so the device would refuse it. */
  | 'downgrade';

/** The controller's state. Written before what it announces is done: whoever takes over does that first. */
export interface State {
  readonly phase: Phase;
  readonly halt?: HaltReason;
  /** Waves that are open or were, in order. */
  readonly waves: readonly WaveState[];
  /** Offers that are being written; they count as made. */
  readonly offering: readonly { readonly deviceId: string; readonly attempt: number }[];
  /** Outcomes that are being written into marks: they are in the audit already. */
  readonly deciding?: readonly { readonly deviceId: string; readonly attempt: number; readonly outcome: Outcome }[];
  /** Offers that the rate allows now, and since when that holds. */
  readonly rate: { readonly tokens: number; readonly at: number; readonly perMinute: number };
  /** Devices that joined after the plan was made, by wave. */
  readonly joined: readonly { readonly deviceId: string; readonly wave: number }[];
  /** Devices that cannot be returned to their former version, and why. */
  readonly cannotReturn: readonly { readonly deviceId: string; readonly reason: ReturnProblem }[];
  /** `Intent.resumes` as far as it is followed. */
  readonly resumes?: number;
  readonly summary: Summary;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
  /** Rises with each controller that takes over. */
  readonly fence: number;
}

/** Who drives a rollout. A candidate takes over when it has seen no change of this for `ttlMs` by its own clock. */
export interface Lease {
  readonly holder: string;
  readonly fence: number;
  /** Changes with each renewal. */
  readonly beat: number;
  readonly ttlMs: number;
  /** Given back: whoever wants it may take it at once. */
  readonly released?: true;
}

/** One entry of the audit: `hash` is over everything else, `previous` is the hash of the entry before. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly details: JsonObject;
  readonly previous: string;
  readonly hash: string;
}
