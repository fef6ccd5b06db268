/**
 * One string for every identity of a hub: `{deviceId}` for a device, `{deviceId}/{moduleId}` for a module. Ids never hold a slash, so
 * the two forms cannot be confused. It is the MQTT client id of the identity (device.md §1.4) and the key of everything that is kept
 * per identity: twins, sessions, queues.
 */
export type IdentityPath = string;

/** The two names of an identity; `moduleId` is empty for the device itself. */
export interface IdentityNames {
  readonly deviceId: string;
  readonly moduleId: string;
}

export function identityPath(deviceId: string, moduleId = ''): IdentityPath {
  return moduleId === '' ? deviceId : `${deviceId}/${moduleId}`;
}

/** Takes a path apart. Text after the first slash is the module id, whatever it holds: check ids where they come in. */
export function identityNames(path: IdentityPath): IdentityNames {
  const slash = path.indexOf('/');
  return slash < 0
    ? { deviceId: path, moduleId: '' }
    : { deviceId: path.slice(0, slash), moduleId: path.slice(slash + 1) };
}

export function isModulePath(path: IdentityPath): boolean {
  return path.includes('/');
}

/** Where an identity stands in a REST address or a token's resource: `/devices/{d}[/modules/{m}]`, ids as they are. */
export function identityResource(path: IdentityPath): string {
  const { deviceId, moduleId } = identityNames(path);
  return moduleId === '' ? `/devices/${deviceId}` : `/devices/${deviceId}/modules/${moduleId}`;
}
