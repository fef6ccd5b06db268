/** What a limit counts; said beside its value, and how it is written: `2048`, `64KiB`, `10s`. */
export type LimitUnit = 'count' | 'bytes' | 'milliseconds';

/** One limit of a hub: a number that its operator may change at the start. */
export interface Limit {
  readonly unit: LimitUnit;
  readonly default: number;
  /** The smallest and the largest value that make sense. */
  readonly least: number;
  readonly most: number;
  /** What is limited, and what happens beyond it. */
  readonly what: string;
  /** Why there is such a limit, or why the default is what it is. */
  readonly why: string;
}

export const KiB = 1_024;
export const MiB = 1_024 * KiB;
