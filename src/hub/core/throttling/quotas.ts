import type { Operation } from './service.ts';

export type Tier = 'S1' | 'S2' | 'S3';

export const tiers: readonly Tier[] = ['S1', 'S2', 'S3'];

/** A tier's limits: operations a second, bytes a second for methods. Source: service.md §11.1. */
export type Rates = Readonly<Record<Operation, number>>;

const perMinute = 1 / 60;

/** Tier 1 and 2 share what is bought by the minute; tier 3 has fifty times as much. */
const byTier: Readonly<Record<Tier, (units: number) => Rates>> = {
  S1: (units) => ({
    ...metered(units, { minute: 100, queries: 20, methodBytes: 160 }),
    'twin-read': 100,
    'twin-update': 50,
    'job-device': 10,
    connect: Math.max(100, 12 * units),
    'device-to-cloud': Math.max(100, 12 * units),
  }),
  S2: (units) => ({
    ...metered(units, { minute: 100, queries: 20, methodBytes: 480 }),
    'twin-read': Math.max(100, 10 * units),
    'twin-update': Math.max(50, 5 * units),
    'job-device': Math.max(10, units),
    connect: 120 * units,
    'device-to-cloud': 120 * units,
  }),
  S3: (units) => ({
    ...metered(units, { minute: 5_000, queries: 1_000, methodBytes: 24 * 1_024 }),
    'twin-read': 500 * units,
    'twin-update': 250 * units,
    'job-device': 50 * units,
    connect: 6_000 * units,
    'device-to-cloud': 6_000 * units,
  }),
};

type Metered = 'registry' | 'query' | 'cloud-to-device' | 'method' | 'job' | 'configuration' | 'file-upload';

function metered(
  units: number,
  { minute, queries, methodBytes }: { minute: number; queries: number; methodBytes: number },
): Readonly<Record<Metered, number>> {
  const common = minute * perMinute * units;
  return {
    registry: common,
    query: queries * perMinute * units,
    'cloud-to-device': common,
    method: methodBytes * 1_024 * units,
    job: common,
    configuration: 20 * perMinute * units,
    'file-upload': common,
  };
}

/** Operations a second (bytes a second for `method`) of so many units. */
export function ratesOf(tier: Tier, units: number): Rates {
  return byTier[tier](units);
}

/** Messages a day for one unit, and what counts as one message. */
export const dailyMessages: Readonly<Record<Tier, number>> = { S1: 400_000, S2: 6_000_000, S3: 300_000_000 };
export const meterBytes = 4_096;

/** Scheduled jobs that may be active at once. Source: service.md §6.1. */
const activeJobs: Readonly<Record<Tier, number>> = { S1: 1, S2: 5, S3: 10 };

/** Without an imitation there is a bound all the same: each active job is work. */
const mostActiveJobs = 100;

export function activeJobLimit(tier: Tier | undefined): number {
  return tier === undefined ? mostActiveJobs : activeJobs[tier];
}
