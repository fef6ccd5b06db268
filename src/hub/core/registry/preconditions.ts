import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames, identityPath, isModulePath, type IdentityPath } from '../../../protocol/identity-path.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { DeviceRecord } from '../ports.ts';
import type { IfMatch } from '../services.ts';

/** HubError DeviceNotFound (404001). */
export function deviceNotFound(deviceId: string): HubError {
  return new HubError('DeviceNotFound', `Device '${deviceId}' is not registered.`);
}

/** HubError DeviceNotFound: the hub uses it for twins and methods of modules too. Source: service.md §3.1. */
export function identityNotFound(identity: IdentityPath): HubError {
  const { deviceId, moduleId } = identityNames(identity);
  if (moduleId === '') return deviceNotFound(deviceId);
  return new HubError('DeviceNotFound', `Module '${moduleId}' is not registered on device '${deviceId}'.`);
}

/** HubError ModuleNotFound (404010), for the registry. */
function moduleNotFound(identity: IdentityPath): HubError {
  const { deviceId, moduleId } = identityNames(identity);
  return new HubError('ModuleNotFound', `Module '${moduleId}' is not registered on device '${deviceId}'.`);
}

/** HubError DeviceAlreadyExists or ModuleAlreadyExistsOnDevice. */
export function identityExists(identity: IdentityPath): HubError {
  const { deviceId, moduleId } = identityNames(identity);
  if (moduleId === '') return deviceExists(deviceId);
  return new HubError(
    'ModuleAlreadyExistsOnDevice',
    `A module with ID '${moduleId}' is already registered on device '${deviceId}'.`,
  );
}

/** HubError DeviceAlreadyExists (409001). */
function deviceExists(deviceId: string): HubError {
  return new HubError('DeviceAlreadyExists', `A device with ID '${deviceId}' is already registered.`);
}

/** HubError PreconditionFailed (412001). */
function stale(what: 'identity' | 'twin', record: DeviceRecord): HubError {
  const name = identityPath(record.deviceId, record.moduleId);
  return new HubError('PreconditionFailed', `The ${what} '${name}' was changed since this etag was read.`);
}

/** PUT: without If-Match it only creates, with it it only updates. Source: service.md §2.4. */
export function checkPut(identity: IdentityPath, record: DeviceRecord | undefined, ifMatch: IfMatch): void {
  if (ifMatch === undefined) {
    if (record !== undefined) throw identityExists(identity);
    return;
  }
  if (record === undefined) throw registryNotFound(identity);
  checkIdentityEtag(record, ifMatch);
}

/** DELETE: needs If-Match. Source: service.md §2.4. */
export function checkDelete(
  identity: IdentityPath,
  record: DeviceRecord | undefined,
  ifMatch: IfMatch,
): asserts record is DeviceRecord {
  if (ifMatch === undefined)
    throw new HubError('PreconditionFailed', 'Etag missing: send If-Match with the etag or *.');
  if (record === undefined) throw registryNotFound(identity);
  checkIdentityEtag(record, ifMatch);
}

/** HubError DeviceNotFound or ModuleNotFound, as the registry tells them apart. */
export function registryNotFound(identity: IdentityPath): HubError {
  return isModulePath(identity) ? moduleNotFound(identity) : deviceNotFound(identity);
}

export function checkIdentityEtag(record: DeviceRecord, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch !== etagOf(record.identityCounter)) throw stale('identity', record);
}

/** Twins: If-Match is optional and names the twin's etag. Source: service.md §3.1. */
export function checkTwinEtag(record: DeviceRecord, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch !== etagOf(record.twinCounter)) throw stale('twin', record);
}
