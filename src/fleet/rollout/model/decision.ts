/** The border between deciding, which is pure, and acting. */
import type { ObservedDevice, Mark } from './observed.ts';
import type { Plan } from './plan.ts';
import type { Intent, Measurement, State } from './record.ts';

export interface DecideInput {
  readonly plan: Plan;
  readonly intent: Intent;
  /** Undefined before the first decision. */
  readonly state: State | undefined;
  /** By device id; a planned device that is missing here has no twin any more. May hold devices that joined later. */
  readonly observed: ReadonlyMap<string, ObservedDevice>;
  /** Measurements since the last decision, by wave and gate. */
  readonly measurements: readonly { readonly wave: number; readonly gate: string; readonly measurement: Measurement }[];
  /** Trouble of the hub itself since the last decision, such as a firmware file that is gone. */
  readonly trouble?: string | undefined;
  /** Unix milliseconds. */
  readonly now: number;
  readonly fence: number;
}

export type Action =
  /** Write desired.firmware and the mark, on the condition of the etag. */
  | {
      readonly kind: 'offer';
      readonly deviceId: string;
      readonly etag: string;
      readonly mark: Mark;
      readonly notBefore?: string;
    }
  /** Offer the way back to what the device ran before. */
  | { readonly kind: 'return'; readonly deviceId: string; readonly etag: string; readonly mark: Mark }
  /** Take an offer back that the device has not begun to install. */
  | { readonly kind: 'withdraw'; readonly deviceId: string; readonly etag: string }
  /** Keep what was found about an attempt. */
  | { readonly kind: 'mark'; readonly deviceId: string; readonly etag: string; readonly mark: Mark }
  /** Measure a gate; the result comes with a later decision. */
  | { readonly kind: 'measure'; readonly wave: number; readonly gate: string };

/** Something that belongs into the audit. */
export interface Finding {
  readonly action: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Decision {
  readonly state: State;
  /** True when `state` says something new beyond its times, and has to be stored before the actions. */
  readonly changed: boolean;
  readonly actions: readonly Action[];
  readonly findings: readonly Finding[];
  /** When to decide again although nothing was observed, Unix milliseconds: the next deadline, window, token or measurement. */
  readonly nextAt: number;
}

/** The rollout's brain: no clock, no network, no randomness. The same input gives the same decision. */
export type Decide = (input: DecideInput) => Decision;
