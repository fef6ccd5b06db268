/** Parents and children of edge devices. Source: service.md §2.6. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { DeviceRecord, RegistryStore } from '../ports.ts';
import type { IdentityDraft, ScopeRequest } from './identity-draft.ts';

const scheme = 'ms-azure-iot-edge://';

export type Scopes = Pick<DeviceRecord, 'deviceScope' | 'parentScopes'>;

const noScopes: Scopes = { deviceScope: null, parentScopes: [] };

/** The scope an edge device owns: its id and the moment it became one, so that a device of the same name later has another. */
function ownScope(deviceId: string, ticks: string): string {
  return `${scheme}${deviceId}-${ticks}`;
}

/** What an identity write makes of the scopes. Failure: HubError InvalidDeviceScope. */
export function nextScopes(
  deviceId: string,
  draft: Pick<IdentityDraft, 'iotEdge' | 'scopes'>,
  before: DeviceRecord | undefined,
  ticks: string,
): Scopes {
  if (draft.iotEdge) return edgeScopes(deviceId, draft.scopes, before, ticks);
  // Only deviceScope attaches a leaf; parentScopes alone mean nothing, and an edge device that becomes a leaf loses its parent.
  const parent = draft.scopes.deviceScope ?? '';
  return parent === '' || before?.iotEdge === true ? noScopes : { deviceScope: parent, parentScopes: [parent] };
}

function edgeScopes(
  deviceId: string,
  { deviceScope = '', parentScopes = [] }: ScopeRequest,
  before: DeviceRecord | undefined,
  ticks: string,
): Scopes {
  const own = before?.iotEdge === true ? before.deviceScope : null;
  if (own !== null && deviceScope !== own) throw new HubError('InvalidDeviceScope', 'Device scope is immutable.');
  if (parentScopes.length > 1) throw new HubError('InvalidDeviceScope', 'A device has at most one parent.');
  const kept = own ?? ownScope(deviceId, ticks);
  if (parentScopes.includes(kept)) throw new HubError('InvalidDeviceScope', 'A device cannot be its own parent.');
  return { deviceScope: kept, parentScopes };
}

/** Refuses a parent that is not the scope of an edge device. Failure: HubError InvalidDeviceScope. */
export async function checkParent(
  store: Pick<RegistryStore, 'read'>,
  { parentScopes }: Pick<DeviceRecord, 'parentScopes'>,
): Promise<void> {
  const [named] = parentScopes;
  if (named === undefined) return;
  const parentId = /^ms-azure-iot-edge:\/\/([^/]+)-\d{1,20}$/.exec(named)?.[1];
  const parent = parentId === undefined ? undefined : await store.read(parentId);
  if (parent?.iotEdge !== true || parent.deviceScope !== named)
    throw new HubError('InvalidDeviceScope', 'The scope is not that of an edge device of this hub.');
}
