import { HubError } from '../../../protocol/hub-errors.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { DeviceRecord } from '../ports.ts';
import type { IfMatch } from '../services.ts';

/** HubError DeviceNotFound (404001). */
export function deviceNotFound(deviceId: string): HubError {
  return new HubError('DeviceNotFound', `Device '${deviceId}' is not registered.`);
}

/** HubError DeviceAlreadyExists (409001). */
export function deviceExists(deviceId: string): HubError {
  return new HubError('DeviceAlreadyExists', `A device with ID '${deviceId}' is already registered.`);
}

/** HubError PreconditionFailed (412001). */
function stale(what: 'device' | 'twin', deviceId: string): HubError {
  return new HubError('PreconditionFailed', `The ${what} '${deviceId}' was changed since this etag was read.`);
}

/** PUT: without If-Match it only creates, with it it only updates. Source: service.md §2.4. */
export function checkPut(deviceId: string, record: DeviceRecord | undefined, ifMatch: IfMatch): void {
  if (ifMatch === undefined) {
    if (record !== undefined) throw deviceExists(deviceId);
    return;
  }
  if (record === undefined) throw deviceNotFound(deviceId);
  checkIdentityEtag(record, ifMatch);
}

/** DELETE: needs If-Match. Source: service.md §2.4. */
export function checkDelete(
  deviceId: string,
  record: DeviceRecord | undefined,
  ifMatch: IfMatch,
): asserts record is DeviceRecord {
  if (ifMatch === undefined)
    throw new HubError('PreconditionFailed', 'Etag missing: send If-Match with the etag or *.');
  if (record === undefined) throw deviceNotFound(deviceId);
  checkIdentityEtag(record, ifMatch);
}

export function checkIdentityEtag(record: DeviceRecord, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch !== etagOf(record.identityCounter)) throw stale('device', record.deviceId);
}

/** Twins: If-Match is optional and names the twin's etag. Source: service.md §3.1. */
export function checkTwinEtag(record: DeviceRecord, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch !== etagOf(record.twinCounter)) throw stale('twin', record.deviceId);
}
