import type { DeviceState, Mark, ObservedDevice, Outcome } from '../model/observed.ts';
import type { BlockReason } from '../model/plan.ts';
import type { Context } from './context.ts';

/** What a decision knows of one device. */
export interface Facts {
  readonly state: DeviceState;
  /**
   * `free`: nothing is under way, and something may be offered. `announced`: an offer is being written. `waiting`: offered, not
   * answered. `begun`: answered, not decided. `decided`: has a result that counts. `out`: nothing more comes of it.
   */
  readonly kind: 'free' | 'announced' | 'waiting' | 'begun' | 'decided' | 'out';
  /** The newest attempt, 0 before the first. */
  readonly attempt: number;
  readonly blocked?: BlockReason;
  readonly code?: string | undefined;
  /** When this changes by itself; Infinity when it does not. */
  readonly until: number;
  /** What was found just now and is not in the mark yet. */
  readonly found?: Found;
}

export interface Found {
  readonly outcome?: Outcome;
  readonly code?: string;
  /** The offer has to go from the twin. */
  readonly withdraw?: true;
  /** What the mark is to say besides. */
  readonly note?: Partial<Pick<Mark, 'bootCount' | 'deferrals'>>;
}

/** The twin still asks for the attempt. */
export function isOffered({ id }: Context, { offer }: ObservedDevice, { attempt }: Mark): boolean {
  return offer !== undefined && offer.value.rollout === id && offer.value.attempt === attempt;
}
