import type { Tier } from '../../../protocol/rates.ts';

/** Tiers that have everything this hub has; the free and the basic ones lack parts. */
export type ImitatedTier = Extract<Tier, 'S1' | 'S2' | 'S3'>;

/** Messages a day for one unit, and what counts as one message. Source: service.md §11.1. */
export const dailyMessages: Readonly<Record<ImitatedTier, number>> = { S1: 400_000, S2: 6_000_000, S3: 300_000_000 };
export const meterBytes = 4_096;

/** Scheduled jobs that may be active at once. Source: service.md §6.1. */
const activeJobs: Readonly<Record<ImitatedTier, number>> = { S1: 1, S2: 5, S3: 10 };

/** Without an imitation there is a bound all the same: each active job is work. */
const mostActiveJobs = 100;

export function activeJobLimit(tier: ImitatedTier | undefined): number {
  return tier === undefined ? mostActiveJobs : activeJobs[tier];
}
