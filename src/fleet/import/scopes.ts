import { isFailure } from '../../errors/index.ts';
import type { Hub } from '../ports.ts';
import type { FleetRow } from '../export/fleet-row.ts';
import type { RowScopes } from './changes.ts';

/** The id of the edge device that a row stands below, as the file's own hub named it; undefined for none. */
export function parentOf(row: FleetRow): string | undefined {
  if (row.moduleId !== '') return undefined;
  // An edge device's own scope is in deviceScope, a leaf's parent is.
  const scope = row.iotEdge === true ? row.parentScopes?.[0] : (row.deviceScope ?? row.parentScopes?.[0]);
  return scope === undefined ? undefined : /^ms-azure-iot-edge:\/\/([^/]+)-\d+$/.exec(scope)?.[1];
}

/** Finds the scopes that parents have on the hub that is written to: each hub makes its own. */
export interface ScopeFinder {
  /** What a row has to say about its scopes; undefined when its parent is not there. */
  scopesOf(row: FleetRow): Promise<RowScopes | undefined>;
}

export function createScopeFinder(hub: Pick<Hub, 'devices'>, signal: AbortSignal | undefined): ScopeFinder {
  const known = new Map<string, Promise<string | undefined>>();

  async function read(deviceId: string): Promise<string | undefined> {
    try {
      return (await hub.devices.get(deviceId, signal)).deviceScope;
    } catch (error) {
      if (isFailure(error, 'device-not-found')) return undefined;
      throw error;
    }
  }

  return {
    async scopesOf(row) {
      const parent = parentOf(row);
      if (parent === undefined) return {};
      let reading = known.get(parent);
      if (reading === undefined) known.set(parent, (reading = read(parent)));
      const scope = await reading;
      if (scope === undefined) {
        known.delete(parent);
        return undefined;
      }
      return row.iotEdge === true ? { parentScopes: [scope] } : { deviceScope: scope };
    },
  };
}
