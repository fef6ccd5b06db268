import { defaultDownloadLimits, type DownloadLimits } from './download.ts';

export interface InstallerLimits {
  readonly download: DownloadLimits;
  /** How often the device may put one update off. */
  readonly deferrals: number;
  /** Starts of the machine while a firmware is on trial. */
  readonly starts: number;
  /** How often one slot is activated, when the power goes meanwhile. */
  readonly activations: number;
  /** Percent of a download from one report to the next, which come at most so often. */
  readonly progressStep: number;
  readonly progressPauseMs: number;
  /** How long a report may take to arrive before the device goes down. */
  readonly deliveredMs: number;
  /** Between one self-test that was undecided and the next, and after a write that failed. */
  readonly pauseMs: number;
  /** How long it may take to have a slot run that was good before. */
  readonly settleMs: number;
}

export const defaultLimits: InstallerLimits = {
  download: defaultDownloadLimits,
  deferrals: 10,
  starts: 3,
  activations: 3,
  progressStep: 5,
  progressPauseMs: 2_000,
  deliveredMs: 5_000,
  pauseMs: 5_000,
  settleMs: 300_000,
};
