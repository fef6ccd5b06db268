import type { Clock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { lotsOfIds, queryOfIds } from '../selection/id-query.ts';

/** Twins of the devices that messages come from, asked for in lots and again when they have grown old. */
export interface TwinCache {
  /** Makes the twins of these devices present. */
  prepare(deviceIds: Iterable<string>): Promise<void>;
  /** The twin, undefined when the hub has no such device. */
  get(deviceId: string): JsonObject | undefined;
}

interface Entry {
  readonly twin: JsonObject | undefined;
  readonly readAt: number;
}

const maximumAgeMs = 30_000;
const maximumEntries = 50_000;

export function createTwinCache(hub: Pick<Hub, 'queries'>, clock: Clock, signal?: AbortSignal): TwinCache {
  const entries = new Map<string, Entry>();

  const readLot = async (ids: readonly string[]): Promise<void> => {
    const readAt = clock.monotonic();
    const missing = new Set(ids);
    for await (const page of hub.queries.query(queryOfIds(ids), signal === undefined ? {} : { signal })) {
      for (const twin of page) {
        const id = twin['deviceId'];
        if (typeof id !== 'string') continue;
        missing.delete(id);
        entries.set(id, { twin, readAt });
      }
    }
    for (const id of missing) entries.set(id, { twin: undefined, readAt });
  };

  return {
    async prepare(deviceIds) {
      if (entries.size > maximumEntries) entries.clear();
      const now = clock.monotonic();
      const old = new Set<string>();
      for (const id of deviceIds)
        if (now - (entries.get(id)?.readAt ?? Number.NEGATIVE_INFINITY) > maximumAgeMs) old.add(id);
      for (const lot of lotsOfIds(old)) await readLot(lot);
    },
    get: (deviceId) => entries.get(deviceId)?.twin,
  };
}
