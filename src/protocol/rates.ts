/** How fast the cloud takes requests, by tier and units; the hub imitates these limits and the client keeps to them. Source: service.md §11.1. */

export type Tier = 'F1' | 'B1' | 'B2' | 'B3' | 'S1' | 'S2' | 'S3';

/** A class of operations that shares a limit. */
export type Operation =
  | 'registry'
  | 'query'
  | 'cloud-to-device'
  | 'method'
  | 'twin-read'
  | 'twin-update'
  | 'job'
  | 'job-device'
  | 'configuration'
  | 'connect'
  | 'device-to-cloud'
  | 'file-upload';

/** Operations a second, bytes a second for `method`. */
export type Rates = Readonly<Record<Operation, number>>;

const perMinute = 1 / 60;

/** Sizes 1 and 2 share what is bought by the minute; size 3 has fifty times as much. Free is as S1. */
const bySize: Readonly<Record<'1' | '2' | '3', (units: number) => Rates>> = {
  1: (units) => ({
    ...metered(units, { minute: 100, queries: 20, methodKilobytes: 160 }),
    'twin-read': 100,
    'twin-update': 50,
    'job-device': 10,
    connect: Math.max(100, 12 * units),
    'device-to-cloud': Math.max(100, 12 * units),
  }),
  2: (units) => ({
    ...metered(units, { minute: 100, queries: 20, methodKilobytes: 480 }),
    'twin-read': Math.max(100, 10 * units),
    'twin-update': Math.max(50, 5 * units),
    'job-device': Math.max(10, units),
    connect: 120 * units,
    'device-to-cloud': 120 * units,
  }),
  3: (units) => ({
    ...metered(units, { minute: 5_000, queries: 1_000, methodKilobytes: 24 * 1_024 }),
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
  { minute, queries, methodKilobytes }: { minute: number; queries: number; methodKilobytes: number },
): Readonly<Record<Metered, number>> {
  const common = minute * perMinute * units;
  return {
    registry: common,
    query: queries * perMinute * units,
    'cloud-to-device': common,
    method: methodKilobytes * 1_024 * units,
    job: common,
    configuration: 20 * perMinute * units,
    'file-upload': common,
  };
}

/** What so many units of a tier take. */
export function ratesOf(tier: Tier, units: number): Rates {
  return bySize[tier.slice(-1) as '1' | '2' | '3'](units);
}

/** Operations that may come in a burst before they are slowed: a minute of what is counted by the minute, a second of the rest. */
export const burstSeconds: Readonly<Record<Operation, number>> = {
  registry: 60,
  query: 60,
  'cloud-to-device': 60,
  job: 60,
  configuration: 60,
  'file-upload': 60,
  method: 10,
  'twin-read': 1,
  'twin-update': 1,
  'job-device': 1,
  connect: 1,
  'device-to-cloud': 1,
};

/** What a direct method is metered by. */
export const methodMeterBytes = 4_096;
