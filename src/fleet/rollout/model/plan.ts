/** The exact list of what a rollout does: made once, carried out as it is. Source: docs/concepts/rollouts.md. */
import type { SignedManifest } from '../../../protocol/firmware/index.ts';
import type { ObservedDevice } from './observed.ts';
import type { Spec } from './spec.ts';

/** Why a device is not offered the firmware now; each leaves by itself when its cause does. */
export const blockReasons = [
  'hardware-mismatch',
  'hardware-unknown',
  'below-min-version',
  'version-unknown',
  'outside-window',
  'penalty',
  'fault-domain',
  'in-other-rollout',
  'disabled',
  /** The hub does not have it any more. */
  'gone',
] as const;
export type BlockReason = (typeof blockReasons)[number];

/** A device that the target matches. */
export type PlanCandidate = Pick<ObservedDevice, 'deviceId' | 'enabled' | 'tags'> &
  Partial<Pick<ObservedDevice, 'offer' | 'report' | 'mark'>>;

export interface PlannedDevice {
  readonly deviceId: string;
  /** Index of the wave, from 0. */
  readonly wave: number;
  /** What ran there when the plan was made; absent when the device has not said. */
  readonly version?: string;
  /** Blocked when the plan was made; looked at again when its wave is open. */
  readonly blocked?: BlockReason;
  /** Runs the firmware already. */
  readonly skipped?: true;
}

/** A plan file. `digest` is over everything but itself and `createdAt`. */
export interface Plan {
  readonly format: 1;
  readonly digest: string;
  readonly createdAt: string;
  readonly spec: Spec;
  readonly firmware: SignedManifest;
  /** Cumulative number of devices up to and with each wave. */
  readonly waveEnds: readonly number[];
  /** In the order of waves, and within a wave in the order in which they are offered. */
  readonly devices: readonly PlannedDevice[];
  /** Matched, but beyond the last wave. */
  readonly leftOut: number;
}
