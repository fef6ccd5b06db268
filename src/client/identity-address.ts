import { identityNames, type IdentityPath } from '../protocol/identity-path.ts';

/** `/devices/{d}/modules/{m}`, encoded. */
export function moduleIdentityPath(identity: IdentityPath): string {
  const { deviceId, moduleId } = identityNames(identity);
  return `/devices/${encodeURIComponent(deviceId)}/modules/${encodeURIComponent(moduleId)}`;
}

/** `/twins/{d}` or `/twins/{d}/modules/{m}`, encoded. */
export function twinPath(identity: IdentityPath): string {
  const { deviceId, moduleId } = identityNames(identity);
  const device = `/twins/${encodeURIComponent(deviceId)}`;
  return moduleId === '' ? device : `${device}/modules/${encodeURIComponent(moduleId)}`;
}
