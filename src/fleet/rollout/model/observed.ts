/** What twins say about a rollout's devices, and nothing else: it is enough to know the state of each. */
import type { Offer, Report } from '../../../protocol/firmware/index.ts';
import type { JsonObject } from '../../../std/json.ts';

/** Times are Unix milliseconds by the hub's clock; `now` of a decision is by the same clock. */
export interface ObservedDevice {
  readonly deviceId: string;
  /** Of the twin; writes are conditional on it. */
  readonly etag: string;
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly tags: JsonObject;
  /** `properties.desired.firmware`; `at` from its metadata. Undefined when there is none, or it is not understood. */
  readonly offer?: { readonly value: Offer; readonly at: number };
  /** `properties.reported.firmware`; `at` from its metadata. A report that is not newer than the one before keeps the `at` of that one. */
  readonly report?: { readonly value: Report; readonly at: number };
  /** `tags.firmware`: what the controller has found, so that it need not find it again. */
  readonly mark?: Mark;
}

export const outcomes = [
  'succeeded',
  'failed',
  'rejected',
  'reverted',
  'lost',
  'recovered',
  'unreached',
  'canceled',
] as const;
export type Outcome = (typeof outcomes)[number];

/**
 * `tags.firmware`: the controller's note about the newest rollout that touched a device. Written together with each offer, and when an
 * attempt is decided.
 */
export interface Mark {
  readonly rollout: string;
  readonly wave: number;
  /** The attempt that is under way, or was decided last. */
  readonly attempt: number;
  /** Of `attempt`; absent while it is under way. */
  readonly outcome?: Outcome;
  readonly code?: string;
  /** When the outcome was found, ISO 8601. */
  readonly decidedAt?: string;
  /** What the device ran before the rollout's first offer, for its way back. */
  readonly previous?: { readonly version: string; readonly digest: string };
  /** The offer is the way back to `previous`. */
  readonly returning?: true;
  /** Left alone until then, ISO 8601. */
  readonly penaltyUntil?: string;
  /** What the device had counted before `attempt`: a higher number says that it has restarted. Absent when no restart is needed. */
  readonly bootCount?: number;
  /** Attempts of this rollout that failed, `attempt` among them once it has. */
  readonly failures?: number;
  /** How often the device has put `attempt` off, and the number of the report that said so last. */
  readonly deferrals?: { readonly count: number; readonly seq: number };
}

export const deviceStates = [
  'planned',
  'blocked',
  'offered',
  'deferred',
  'downloading',
  'staged',
  'installing',
  'rebooting',
  'trial',
  'confirmed',
  'baking',
  'succeeded',
  'reverted',
  'failed',
  'rejected',
  'lost',
  'recovered',
  'unreached',
  'canceled',
  'skipped',
  /** Runs again what it ran before the rollout, because the rollout has brought it back. */
  'returned',
] as const;
export type DeviceState = (typeof deviceStates)[number];
