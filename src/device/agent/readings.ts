import type { Clock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';

/** What an agent can measure, with the telemetry fields each metric gives. */
const metrics = {
  cpu: 'cpuLoad (percent)',
  memory: 'memoryUsed (percent), memoryFree (bytes)',
  disk: 'diskUsed (percent), diskFree (bytes), of the system disk',
  network: 'networkReceived, networkSent (bytes per second)',
  temperature: 'temperature (°C of the processor, where there is a sensor)',
  uptime: 'uptime (seconds)',
} as const;

export type Metric = keyof typeof metrics;

export const allMetrics = Object.keys(metrics) as readonly Metric[];

export function isMetric(text: unknown): text is Metric {
  return typeof text === 'string' && Object.hasOwn(metrics, text);
}

/** Takes readings of a machine. A metric that cannot be had is left out. */
export interface Readings {
  take(wanted: readonly Metric[]): Promise<JsonObject>;
}

/** How long one metric may take; some ask other programs. */
const metricLimitMs = 5_000;

/** This machine's readings, by systeminformation. */
export async function machineReadings(clock: Clock): Promise<Readings> {
  const { default: system } = await import('systeminformation');
  const sources: Readonly<Record<Metric, () => Promise<JsonObject>>> = {
    cpu: async () => numbers({ cpuLoad: [(await system.currentLoad()).currentLoad, 1] }),
    memory: async () => {
      const { total, available } = await system.mem();
      return numbers({ memoryUsed: [percent(total - available, total), 1], memoryFree: [available, 0] });
    },
    disk: async () => {
      const disks = await system.fsSize();
      const disk = disks.find(({ mount }) => mount === '/' || mount.toUpperCase() === 'C:') ?? disks[0];
      return disk === undefined ? {} : numbers({ diskUsed: [disk.use, 1], diskFree: [disk.available, 0] });
    },
    network: async () => {
      const [network] = await system.networkStats();
      // The first call has nothing to compare with and gives null or less.
      if (network === undefined || !(network.ms > 0)) return {};
      return numbers({ networkReceived: [network.rx_sec, 0], networkSent: [network.tx_sec, 0] });
    },
    temperature: async () => numbers({ temperature: [(await system.cpuTemperature()).main, 1] }),
    uptime: async () => numbers({ uptime: [system.time().uptime, 0] }),
  };
  return {
    take: async (wanted) => {
      const parts = await Promise.all(wanted.map((metric) => inTime(clock, sources[metric])));
      return Object.assign({}, ...parts) as JsonObject;
    },
  };
}

async function inTime(clock: Clock, source: () => Promise<JsonObject>): Promise<JsonObject> {
  const { promise: late, resolve } = Promise.withResolvers<JsonObject>();
  const cancel = clock.after(metricLimitMs, () => resolve({}));
  const reading = await Promise.race([source().catch((): JsonObject => ({})), late]);
  cancel();
  return reading;
}

/** Rounds to the given digits; what is no finite number (no sensor, first call) is left out. */
function numbers(values: Readonly<Record<string, readonly [value: number | null, digits: number]>>): JsonObject {
  const found: JsonObject = {};
  for (const [name, [value, digits]] of Object.entries(values)) {
    if (typeof value === 'number' && Number.isFinite(value)) found[name] = Number(value.toFixed(digits));
  }
  return found;
}

function percent(part: number, whole: number): number {
  return whole > 0 ? (part / whole) * 100 : Number.NaN;
}
