import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import { lotsOf } from '../../../std/lots.ts';
import { listFirmware, type StoredFirmware } from '../../firmware/index.ts';
import type { Hub } from '../../ports.ts';
import { quoteLiteral } from '../../selection/glob-condition.ts';
import type { Plan } from '../model/plan.ts';
import type { KnownDevice } from './stage.ts';

/** A query holds 8192 characters. */
const idsPerQuery = 100;

/** What a hub knows of the devices of a plan and a plan does not say: tags, what runs there, and the releases to go back to. */
export async function readFleet(
  hub: Pick<Hub, 'queries' | 'records'>,
  plan: Plan,
  signal: AbortSignal,
): Promise<{ readonly fleet: ReadonlyMap<string, KnownDevice>; readonly releases: readonly StoredFirmware[] }> {
  const fleet = new Map<string, KnownDevice>();
  const select = 'SELECT deviceId, tags, properties.reported.firmware.digest AS digest FROM devices';
  for await (const lot of lotsOf(plan.devices, idsPerQuery)) {
    const ids = lot.map(({ deviceId }) => quoteLiteral(deviceId)).join(', ');
    for await (const page of hub.queries.query(`${select} WHERE deviceId IN [${ids}]`, { signal }))
      for (const row of page) keep(fleet, row);
  }
  const releases: StoredFirmware[] = [];
  for await (const release of listFirmware(hub.records, { signal, onUnreadable: () => undefined }))
    releases.push(release);
  return { fleet, releases };
}

function keep(fleet: Map<string, KnownDevice>, { deviceId, tags, digest }: JsonObject): void {
  if (typeof deviceId !== 'string') return;
  const isDigest = typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
  fleet.set(deviceId, { tags: isJsonObject(tags) ? tags : {}, ...(isDigest && { digest }) });
}
