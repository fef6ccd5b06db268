import { toFailure, type FailureCode } from '../../errors/index.ts';
import { bulkLimit } from '../../protocol/identity.ts';
import { pool } from '../../std/pool.ts';
import type { Hub } from '../ports.ts';
import { outcomeOf, type DeviceOutcome } from './outcome.ts';

export interface DeleteOptions {
  /** Bulk requests at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** Deletes devices with their twins and queued messages: one by its id, many in bulks. One outcome a device. */
export async function* deleteDevices(
  hub: Pick<Hub, 'devices'>,
  deviceIds: readonly string[],
  options: DeleteOptions,
): AsyncGenerator<DeviceOutcome, void, undefined> {
  const [only] = deviceIds;
  if (deviceIds.length === 1 && only !== undefined) {
    const work = async (): Promise<'changed'> => {
      await hub.devices.delete(only, { etag: '*', ...(options.signal && { signal: options.signal }) });
      return 'changed';
    };
    yield await outcomeOf(only, work, options.signal);
    return;
  }
  const lots = Array.from({ length: Math.ceil(deviceIds.length / bulkLimit) }, (_, index) =>
    deviceIds.slice(index * bulkLimit, (index + 1) * bulkLimit),
  );
  for await (const outcomes of pool(
    lots,
    options.concurrency,
    async (lot) => deleteLot(hub, lot, options.signal),
    options.signal,
  )) {
    yield* outcomes;
  }
}

async function deleteLot(
  hub: Pick<Hub, 'devices'>,
  lot: readonly string[],
  signal: AbortSignal | undefined,
): Promise<DeviceOutcome[]> {
  try {
    const result = await hub.devices.bulk(
      lot.map((id) => ({ id, importMode: 'delete' as const })),
      signal,
    );
    const failed = new Map(result.errors.map((error) => [error.deviceId, error]));
    return lot.map((deviceId): DeviceOutcome => {
      const error = failed.get(deviceId);
      if (error === undefined) return { deviceId, result: 'changed' };
      return { deviceId, result: 'failed', error: { code: codeOf(error.errorCode), message: error.errorStatus } };
    });
  } catch (error) {
    const { code, message } = toFailure(error);
    return lot.map((deviceId) => ({ deviceId, result: 'failed', error: { code, message } }));
  }
}

function codeOf(errorCode: unknown): FailureCode {
  const text = String(errorCode);
  return text === 'DeviceNotFound' || text === '404001' ? 'device-not-found' : 'refused';
}
