import { Failure } from '../../errors/index.ts';
import { startSimulation, type FleetFirmwareOptions, type Model, type SimulationStats } from '../../device/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { ProvisionSummary } from '../provisioning/index.ts';
import { deviceCredentials, deviceEndpoint, type AccessHub, type DeviceAddress } from './device-access.ts';

export interface SimulationRequest {
  readonly model: Model;
  readonly count: number;
  /** Ids are this and a number, `truck-001`. */
  readonly prefix: string;
  /** Virtual seconds per real second. */
  readonly speed: number;
  /** Messages per real second of all devices together; the model's interval decides when absent. */
  readonly rate?: number | undefined;
  readonly seed: number;
  /** Real milliseconds; until the signal when absent. */
  readonly duration?: number | undefined;
  /** Firmware that rollouts can update; none when absent. */
  readonly firmware?: FleetFirmwareOptions | undefined;
  readonly signal: AbortSignal;
  readonly onProvisioned?: (summary: ProvisionSummary) => void;
  /** Told of trouble of a device; not more often than a person can read. */
  readonly onProblem?: (deviceId: string, reason: string) => void;
}

/** Where a simulation stands. */
export interface SimulationReport extends SimulationStats {
  readonly phase: 'running' | 'finished';
  /** Real milliseconds since the devices were started. */
  readonly elapsedMs: number;
}

const reportEveryMs = 1_000;

/**
 * Runs a simulated fleet: makes its devices where they are missing, connects them, and reports each second and at the end. Ends
 * after `duration` or with the signal, which is no failure. Failures: those of provisioning; `hub-unreachable` when no device
 * could connect.
 */
export async function* simulateFleet(
  hub: AccessHub,
  address: DeviceAddress,
  clock: Clock,
  request: SimulationRequest,
): AsyncGenerator<SimulationReport, void, undefined> {
  const endpoint = await deviceEndpoint(address);
  const devices = await deviceCredentials(hub, {
    deviceIds: simulatedIds(request.prefix, request.count),
    tags: {
      simulated: true,
      model: request.model.name,
      ...(request.firmware === undefined ? {} : { hardware: request.firmware.start.hardware }),
    },
    signal: request.signal,
    ...(request.onProvisioned === undefined ? {} : { onReady: request.onProvisioned }),
  });
  const interval = request.rate === undefined ? undefined : (request.count / request.rate) * request.speed;
  const problems = lastOf(request.onProblem);
  const simulation = await startSimulation(
    {
      model: request.model,
      devices,
      endpoint,
      speed: request.speed,
      seed: request.seed,
      clock,
      ...(interval === undefined ? {} : { intervalSeconds: interval }),
      ...(request.firmware === undefined ? {} : { firmware: request.firmware }),
      onProblem: problems.note,
    },
    request.signal,
  );
  const startedAt = clock.monotonic();
  const endsAt = startedAt + (request.duration ?? Number.POSITIVE_INFINITY);
  const report = (phase: SimulationReport['phase'], stats: SimulationStats): SimulationReport => ({
    phase,
    elapsedMs: Math.round(clock.monotonic() - startedAt),
    ...stats,
  });
  let stopped = false;
  try {
    while (!request.signal.aborted && clock.monotonic() < endsAt) {
      await sleep(clock, Math.max(0, Math.min(reportEveryMs, endsAt - clock.monotonic())), request.signal).catch(
        () => undefined,
      );
      problems.tell();
      if (clock.monotonic() < endsAt) yield report('running', simulation.stats());
    }
    stopped = true;
    const last = report('finished', await simulation.stop());
    if (last.connected === 0 && last.acknowledged === 0) throw nobodyConnected(endpoint, problems.last());
    yield last;
  } finally {
    if (!stopped) await simulation.stop();
  }
}

/** Ids of a simulated fleet; the same for the same prefix, whatever the count, up to 999. */
export function simulatedIds(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => prefix + String(index + 1).padStart(3, '0'));
}

function nobodyConnected(endpoint: { host: string; port: number }, reason: string | undefined): Failure {
  return new Failure(
    'hub-unreachable',
    `no device could connect to ${endpoint.host}:${endpoint.port}: ${reason ?? 'no answer'}`,
  );
}

/** Of a thousand devices that lose the hub together, one is told. */
function lastOf(onProblem: SimulationRequest['onProblem']): {
  note: (deviceId: string, reason: string) => void;
  tell: () => void;
  last: () => string | undefined;
} {
  let news: { deviceId: string; reason: string; others: number } | undefined;
  let last: string | undefined;
  return {
    note: (deviceId, reason) => {
      last = reason;
      news = { deviceId, reason, others: news === undefined ? 0 : news.others + 1 };
    },
    tell: () => {
      if (news !== undefined)
        onProblem?.(news.deviceId, news.others === 0 ? news.reason : `${news.reason} (and ${news.others} more)`);
      news = undefined;
    },
    last: () => last,
  };
}
