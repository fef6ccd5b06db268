import type { Clock } from '../../std/clock.ts';
import { pool } from '../../std/pool.ts';
import { seededRandom } from '../../std/random.ts';
import {
  openDevice,
  type DeviceConnection,
  type DeviceCredentials,
  type DeviceLimits,
} from '../connection/device-connection.ts';
import type { DeviceEndpoint, OpenLink } from '../connection/link.ts';
import type { Model } from '../models/index.ts';
import { openMqttJsLink } from '../connection/mqtt-js-link.ts';
import type { Reporter } from '../reporter.ts';
import type { FleetFirmware, FleetFirmwareOptions } from './firmware/fleet-firmware.ts';
import type { FirmwareCondition, FirmwareLink } from './firmware/simulated-firmware.ts';
import { Latency } from './latency.ts';
import { createLinkGate, type LinkGate } from './link-gate.ts';
import { SimulatedDevice } from './simulated-device.ts';
import { virtualTime } from './virtual-time.ts';

export interface SimulationOptions {
  readonly model: Model;
  readonly devices: readonly DeviceCredentials[];
  readonly endpoint: DeviceEndpoint;
  /** Virtual seconds per real second. */
  readonly speed: number;
  /** Seconds of virtual time between readings; the model's own when absent. */
  readonly intervalSeconds?: number;
  /** The same seed gives the same values. */
  readonly seed: number;
  readonly clock: Clock;
  readonly limits?: Partial<DeviceLimits>;
  readonly openLink?: OpenLink;
  /** Firmware that can be updated; none when absent. */
  readonly firmware?: FleetFirmwareOptions;
  /** Told when a device is cut off, refused, or fails otherwise. */
  readonly onProblem?: (deviceId: string, reason: string) => void;
}

/** Where a simulation stands. Latencies in milliseconds, from sending to the hub's acknowledgement. */
export interface SimulationStats {
  readonly devices: number;
  readonly connected: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly commands: number;
  readonly reconnects: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** How many devices do what with their firmware; `bricked` and `away` are not connected, as they are meant to be. */
  readonly firmware?: Readonly<Partial<Record<FirmwareCondition, number>>>;
}

export interface Simulation {
  stats(): SimulationStats;
  /** Stops reading, lets what is on its way arrive for a moment, closes all connections. */
  stop(): Promise<SimulationStats>;
}

/** Devices that connect at the same time. */
const connectingAtOnce = 50;
/** How long `stop` waits for acknowledgements. */
const lastAcknowledgementsMs = 3_000;

/**
 * Starts a fleet of simulated devices; resolves when each has connected once or had its first failure, which it then mends
 * by itself. With an aborted signal the devices that were opened are closed and its reason is thrown.
 */
export async function startSimulation(options: SimulationOptions, signal?: AbortSignal): Promise<Simulation> {
  const { clock, model, seed } = options;
  const endpoint = await withSharedTrust(options.endpoint);
  const time = virtualTime(clock, options.speed);
  const counts = { sent: 0, acknowledged: 0, failed: 0, commands: 0, reconnects: 0 };
  const latency = new Latency();
  const running: { device: SimulatedDevice; connection: DeviceConnection }[] = [];
  const firmware = options.firmware && (await firmwareOf(options, options.firmware));
  const begin = async (credentials: DeviceCredentials): Promise<void> => {
    const random = seededRandom(`${seed}:${credentials.deviceId}`);
    const gate = firmware && createLinkGate(options.openLink ?? openMqttJsLink);
    const openLink = gate?.open ?? options.openLink;
    if (firmware?.isAwayAtFirst(credentials.deviceId) === true) gate?.shut();
    const connection = openDevice({
      credentials,
      endpoint,
      clock,
      random: seededRandom(`${seed}:${credentials.deviceId}:reconnect`),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(openLink === undefined ? {} : { openLink }),
    });
    const device = new SimulatedDevice({
      model,
      connection,
      random,
      time,
      clock,
      intervalSeconds: options.intervalSeconds ?? model.intervalSeconds,
      ...(gate === undefined ? {} : { isUp: () => !gate.isShut }),
      observer: {
        sent: () => counts.sent++,
        acknowledged: (ms) => {
          counts.acknowledged++;
          latency.add(ms);
        },
        failed: (error) => {
          counts.failed++;
          options.onProblem?.(credentials.deviceId, error.message);
        },
        problem: (error) => options.onProblem?.(credentials.deviceId, error.message),
        answered: () => counts.commands++,
      },
    });
    running.push({ device, connection });
    if (gate !== undefined && firmware !== undefined) {
      device.carry((reports) => firmware.add(credentials.deviceId, linkOf(gate, reports)));
    }
    const first = firstState(connection, {
      isMeant: () => gate?.isShut === true,
      reconnected: () => counts.reconnects++,
      onProblem: options.onProblem,
      signal,
    });
    if (gate?.isShut !== true) await first;
    device.start();
  };
  const stats = (): SimulationStats => ({
    devices: options.devices.length,
    connected: running.filter(({ connection }) => connection.connected).length,
    ...counts,
    ...(firmware === undefined ? {} : { firmware: firmware.counts() }),
    p50: latency.quantile(0.5),
    p99: latency.quantile(0.99),
  });
  const stop = async (): Promise<SimulationStats> => {
    firmware?.stop();
    for (const { device } of running) device.stop();
    const linked = running.filter(({ connection }) => connection.connected);
    await Promise.all(linked.map(({ connection }) => connection.drained(lastAcknowledgementsMs)));
    const { connected } = stats();
    await Promise.all(running.map(({ connection }) => connection.close()));
    // What was still on its way has failed by now, so that every message is either acknowledged or failed.
    return { ...stats(), connected };
  };
  for await (const _ of pool(options.devices, connectingAtOnce, begin, signal)) continue;
  if (signal?.aborted === true) {
    await stop();
    throw signal.reason as Error;
  }
  return { stats, stop };
}

/** Reads the CA once instead of for each device, which saves half of the work of connecting. */
async function withSharedTrust(endpoint: DeviceEndpoint): Promise<DeviceEndpoint> {
  if (!endpoint.tls) return endpoint;
  const { createSecureContext } = await import('node:tls');
  return { ...endpoint, secureContext: createSecureContext(endpoint.ca === undefined ? {} : { ca: endpoint.ca }) };
}

async function firmwareOf(options: SimulationOptions, firmware: FleetFirmwareOptions): Promise<FleetFirmware> {
  const { createFleetFirmware } = await import('./firmware/fleet-firmware.ts');
  return createFleetFirmware(firmware, {
    deviceIds: options.devices.map(({ deviceId }) => deviceId),
    seed: options.seed,
    ca: options.endpoint.ca,
    clock: options.clock,
    speed: options.speed,
    onTrouble: (deviceId, message) => options.onProblem?.(deviceId, message),
  });
}

function linkOf(gate: LinkGate, reports: Pick<Reporter, 'report' | 'delivered'>): FirmwareLink {
  return {
    report: (patch) => reports.report(patch),
    delivered: (limitMs) => reports.delivered(limitMs),
    connect: () => gate.release(),
    disconnect: () => gate.shut(),
  };
}

interface StateNews {
  /** The device has cut the link itself. */
  readonly isMeant: () => boolean;
  readonly reconnected: () => void;
  readonly onProblem: SimulationOptions['onProblem'];
  readonly signal: AbortSignal | undefined;
}

/** Resolves at the first news of the connection; counts and tells what comes later. */
function firstState(
  connection: DeviceConnection,
  { isMeant, reconnected, onProblem, signal }: StateNews,
): Promise<void> {
  return new Promise((resolve) => {
    let before: 'none' | 'connected' | 'cut' = 'none';
    connection.onState((state) => {
      if (state.kind !== 'connected' && isMeant()) before = 'cut';
      else if (state.kind !== 'connected') onProblem?.(connection.deviceId, state.reason);
      else if (before === 'connected') reconnected();
      else before = 'connected';
      resolve();
    });
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
