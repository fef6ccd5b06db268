/** The border between deciding, which is pure, and acting. */
import type { ObservedDevice, Mark } from './observed.ts';
import type { Plan } from './plan.ts';
import type { Intent, Measurement, ReturnProblem, State } from './record.ts';

export interface DecideInput {
  readonly plan: Plan;
  readonly intent: Intent;
  /** Undefined before the first decision. */
  readonly state: State | undefined;
  /** By device id; a planned device that is missing here has no twin any more. May hold devices that joined later. */
  readonly observed: ReadonlyMap<string, ObservedDevice>;
  /** Measurements since the last decision, by wave and gate. */
  readonly measurements: readonly { readonly wave: number; readonly gate: string; readonly measurement: Measurement }[];
  /** Trouble of the hub itself, such as a firmware file that is gone; given with each decision as long as it lasts. */
  readonly trouble?: string | undefined;
  /**
   * What firmware with a digest can be brought back, as far as that was asked for with `resolve`: its release counter, or why not.
   * Only a revert needs it.
   */
  readonly former?: ReadonlyMap<string, FormerFirmware>;
  /**
   * Ids of the rollouts that go on. The mark of another one keeps a device blocked until it has an outcome, as long as that rollout is
   * among them. Undefined when it is not known: then every such mark blocks.
   */
  readonly others?: ReadonlySet<string>;
  /** Unix milliseconds, by the hub's clock as the times of twins are. */
  readonly now: number;
  readonly fence: number;
}

/** Firmware that devices ran before. */
export type FormerFirmware =
  | { readonly releaseCounter: number }
  | { readonly problem: Extract<ReturnProblem, 'not-kept'> };

export type Action =
  /** Write desired.firmware and the mark, on the condition of the etag. */
  | {
      readonly kind: 'offer';
      readonly deviceId: string;
      readonly etag: string;
      readonly mark: Mark;
      readonly notBefore?: string;
    }
  /** Offer the way back to what the device ran before, `mark.previous`; conditions as with `offer`. */
  | { readonly kind: 'return'; readonly deviceId: string; readonly etag: string; readonly mark: Mark }
  /** Take an offer back that the device has not begun to install: remove desired.firmware and write the mark, on the etag. */
  | { readonly kind: 'withdraw'; readonly deviceId: string; readonly etag: string; readonly mark: Mark }
  /** Keep what was found about an attempt: write tags.firmware, on the etag. The mark replaces the one before, it is not merged. */
  | { readonly kind: 'mark'; readonly deviceId: string; readonly etag: string; readonly mark: Mark }
  /**
   * Measure a gate; the result comes with a later decision. Asked for again until then: one that is being measured is not begun twice.
   */
  | { readonly kind: 'measure'; readonly wave: number; readonly gate: string }
  /** Find out whether this firmware is kept; the result comes in `former` of every later decision. */
  | { readonly kind: 'resolve'; readonly digest: string; readonly version: string };

/** Something that belongs into the audit, once; stored together with the state. Waves are counted from 1, as people do. */
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
