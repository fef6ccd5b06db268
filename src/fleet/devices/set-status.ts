import { isFailure } from '../../errors/index.ts';
import type { DeviceStatus } from '../../protocol/identity.ts';
import { pool } from '../../std/pool.ts';
import type { Hub } from '../ports.ts';
import { outcomeOf, type DeviceOutcome } from './outcome.ts';

export interface SetStatusOptions {
  readonly status: DeviceStatus;
  /** At most 128 characters; absent keeps the reason when disabling and clears it when enabling. */
  readonly reason?: string | undefined;
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** How often a device that was changed meanwhile is read again. Source: service.md §11.3-5. */
const rereads = 3;

/** Enables or disables devices, each with the etag that was read, so that nobody's change is lost. One outcome a device. */
export function setStatus(
  hub: Pick<Hub, 'devices'>,
  deviceIds: Iterable<string> | AsyncIterable<string>,
  options: SetStatusOptions,
): AsyncGenerator<DeviceOutcome, void, undefined> {
  return pool(
    deviceIds,
    options.concurrency,
    async (deviceId) => outcomeOf(deviceId, async () => setOne(hub, deviceId, options), options.signal),
    options.signal,
  );
}

async function setOne(
  hub: Pick<Hub, 'devices'>,
  deviceId: string,
  options: SetStatusOptions,
): Promise<'changed' | 'unchanged'> {
  for (let attempt = 1; ; attempt++) {
    const device = await hub.devices.get(deviceId, options.signal);
    const statusReason = options.reason ?? (options.status === 'enabled' ? null : device.statusReason);
    if (device.status === options.status && device.statusReason === statusReason) return 'unchanged';
    try {
      // PUT replaces the whole identity: what is not sent back, keys included, would be made anew (service.md §2.4).
      await hub.devices.put(
        { ...device, status: options.status, statusReason },
        { etag: device.etag, ...(options.signal && { signal: options.signal }) },
      );
      return 'changed';
    } catch (error) {
      if (!isFailure(error, 'changed-meanwhile') || attempt >= rereads) throw error;
    }
  }
}
