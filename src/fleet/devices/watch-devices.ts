import { isFailure, toFailure, type Failure } from '../../errors/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { Hub } from '../ports.ts';
import { listDevices, type DeviceSummary, type ListOptions } from './list-devices.ts';

type DeviceChangeKind = 'connected' | 'disconnected' | 'enabled' | 'disabled' | 'created' | 'deleted';

/** One thing that happened to a device between two looks. */
export interface DeviceChange {
  /** When it was noticed, ISO 8601. */
  readonly time: string;
  readonly deviceId: string;
  readonly change: DeviceChangeKind;
  readonly status: string;
  readonly connectionState: string;
  readonly lastActivityTime: string | null;
}

export interface WatchOptions extends Omit<ListOptions, 'top'> {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Told once, after the first look. */
  readonly onStart?: (devices: readonly DeviceSummary[]) => void;
  /** Told when a look failed; watching goes on. */
  readonly onTrouble?: (failure: Failure) => void;
}

/**
 * Looks at the devices again and again and yields what changed, in batches; ends with the signal's reason. The first look must
 * succeed, later ones may fail for a while. What changes and changes back between two looks is not seen.
 */
export async function* watchDevices(
  hub: Pick<Hub, 'queries'>,
  options: WatchOptions,
): AsyncGenerator<readonly DeviceChange[], void, undefined> {
  const { clock, signal } = options;
  let known = await look(hub, options);
  options.onStart?.([...known.values()]);
  for (;;) {
    await sleep(clock, options.intervalMs, signal);
    try {
      const current = await look(hub, options);
      const changes = compare(known, current, new Date(clock.now()).toISOString());
      known = current;
      if (changes.length > 0) yield changes;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = toFailure(error);
      if (!failure.retryable && !isFailure(failure, 'hub-unreachable', 'throttled')) throw failure;
      options.onTrouble?.(failure);
    }
  }
}

async function look(hub: Pick<Hub, 'queries'>, options: WatchOptions): Promise<Map<string, DeviceSummary>> {
  const devices = new Map<string, DeviceSummary>();
  for await (const device of listDevices(hub, options)) devices.set(device.deviceId, device);
  return devices;
}

function compare(
  before: ReadonlyMap<string, DeviceSummary>,
  after: ReadonlyMap<string, DeviceSummary>,
  time: string,
): DeviceChange[] {
  const changes: DeviceChange[] = [];
  const add = (device: DeviceSummary, change: DeviceChangeKind): void => {
    const { deviceId, status, connectionState, lastActivityTime } = device;
    changes.push({ time, deviceId, change, status, connectionState, lastActivityTime });
  };
  for (const [deviceId, device] of after) {
    const earlier = before.get(deviceId);
    if (earlier === undefined) add(device, 'created');
    if (earlier !== undefined && earlier.status !== device.status)
      add(device, device.status === 'enabled' ? 'enabled' : 'disabled');
    const wasConnected = earlier?.connectionState === 'Connected';
    const isConnected = device.connectionState === 'Connected';
    if (wasConnected !== isConnected) add(device, isConnected ? 'connected' : 'disconnected');
  }
  for (const [deviceId, device] of before) {
    if (!after.has(deviceId)) add({ ...device, connectionState: 'Disconnected' }, 'deleted');
  }
  return changes;
}
