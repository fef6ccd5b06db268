import { identityNames, isModulePath, type IdentityPath } from '../protocol/identity-path.ts';

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

/** `device pump-1` or `module pump-1/camera`, for messages. */
export function identityText(identity: IdentityPath): string {
  return `${isModulePath(identity) ? 'module' : 'device'} ${identity}`;
}

/** The command that shows it, for hints. */
export function showCommand(identity: IdentityPath): string {
  return `iotctl ${isModulePath(identity) ? 'module' : 'device'} show ${identity}`;
}
