import { Failure } from '../errors/index.ts';
import { identityNames, isModulePath, type IdentityNames, type IdentityPath } from '../protocol/identity-path.ts';

/** `/devices/{d}/modules/{m}`, encoded. */
export function moduleIdentityPath(identity: IdentityPath): string {
  const { deviceId, moduleId } = namesOf(identity);
  return `/devices/${encodeURIComponent(deviceId)}/modules/${encodeURIComponent(moduleId)}`;
}

/** `/twins/{d}` or `/twins/{d}/modules/{m}`, encoded. */
export function twinPath(identity: IdentityPath): string {
  const { deviceId, moduleId } = namesOf(identity);
  const device = `/twins/${encodeURIComponent(deviceId)}`;
  return moduleId === '' ? device : `${device}/modules/${encodeURIComponent(moduleId)}`;
}

/** Failure invalid-value: half a path would address something else. */
function namesOf(identity: IdentityPath): IdentityNames {
  const names = identityNames(identity);
  if (names.deviceId !== '' && isModulePath(identity) === (names.moduleId !== '')) return names;
  throw new Failure('invalid-value', `"${identity}" is neither a device nor DEVICE/MODULE`);
}

/** `device pump-1` or `module pump-1/camera`, for messages. */
export function identityText(identity: IdentityPath): string {
  return `${isModulePath(identity) ? 'module' : 'device'} ${identity}`;
}

/** The command that shows it, for hints. */
export function showCommand(identity: IdentityPath): string {
  return `iotctl ${isModulePath(identity) ? 'module' : 'device'} show ${identity}`;
}
