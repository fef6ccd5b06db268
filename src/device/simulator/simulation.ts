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
import { Latency } from './latency.ts';
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
  const begin = async (credentials: DeviceCredentials): Promise<void> => {
    const random = seededRandom(`${seed}:${credentials.deviceId}`);
    const connection = openDevice({
      credentials,
      endpoint,
      clock,
      random: seededRandom(`${seed}:${credentials.deviceId}:reconnect`),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.openLink === undefined ? {} : { openLink: options.openLink }),
    });
    const device = new SimulatedDevice({
      model,
      connection,
      random,
      time,
      clock,
      intervalSeconds: options.intervalSeconds ?? model.intervalSeconds,
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
    await firstState(connection, () => counts.reconnects++, options.onProblem, signal);
    device.start();
  };
  const stats = (): SimulationStats => ({
    devices: options.devices.length,
    connected: running.filter(({ connection }) => connection.connected).length,
    ...counts,
    p50: latency.quantile(0.5),
    p99: latency.quantile(0.99),
  });
  const stop = async (): Promise<SimulationStats> => {
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

/** Resolves at the first news of the connection; counts and tells what comes later. */
function firstState(
  connection: DeviceConnection,
  onReconnect: () => void,
  onProblem: SimulationOptions['onProblem'],
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let connectedBefore = false;
    connection.onState((state) => {
      if (state.kind !== 'connected') onProblem?.(connection.deviceId, state.reason);
      else if (connectedBefore) onReconnect();
      else connectedBefore = true;
      resolve();
    });
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
