import { isFailure } from '../../../errors/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import { pool } from '../../../std/pool.ts';
import type { Hub } from '../../ports.ts';
import { idsPerQuery, lotsOfIds, queryOfIds } from '../../selection/id-query.ts';
import type { FleetView } from './fleet-view.ts';

/** Reading one by one is exact, also where queries lag behind; a query is cheaper from here on. */
const fewTwins = 8;
const queriesAtOnce = 2;

type Reading = Pick<Hub, 'queries' | 'twins'>;

/**
 * Brings a view up to date about some devices. A device that a query does not find, or finds as it was before, is asked for by itself:
 * queries of a hub in the cloud lag behind. Answers how many twins were read. Failures: those of any request.
 */
export async function readTwins(
  hub: Reading,
  view: FleetView,
  deviceIds: Iterable<string>,
  signal: AbortSignal,
): Promise<number> {
  const ids = [...deviceIds];
  if (ids.length <= fewTwins) return readEach(hub, view, ids, signal);
  let count = 0;
  const doubtful: string[] = [];
  const work = async (lot: readonly string[]): Promise<readonly string[]> => {
    const missing = new Set(lot);
    for await (const page of hub.queries.query(queryOfIds(lot), { pageSize: idsPerQuery, signal }))
      for (const twin of page) {
        count++;
        const { deviceId } = twin;
        if (view.takeTwin(twin) !== 'stale' && typeof deviceId === 'string') missing.delete(deviceId);
      }
    return [...missing];
  };
  for await (const missing of pool(lotsOfIds(ids), queriesAtOnce, work, signal)) doubtful.push(...missing);
  signal.throwIfAborted();
  return count + (await readEach(hub, view, doubtful, signal));
}

async function readEach(hub: Reading, view: FleetView, ids: readonly string[], signal: AbortSignal): Promise<number> {
  const read = async (deviceId: string): Promise<void> => {
    const known = view.versionOf(deviceId);
    try {
      const twin = (await hub.twins.get(deviceId, signal)) as unknown as JsonObject;
      // An event may have told of something newer meanwhile; but a twin that was older before it was asked for is a new one.
      view.takeTwin(twin, Number(twin['version']) < known);
    } catch (error) {
      if (!isFailure(error, 'device-not-found', 'not-found')) throw error;
      view.remove(deviceId);
    }
  };
  for await (const _ of pool(ids, fewTwins, read, signal));
  signal.throwIfAborted();
  return ids.length;
}
