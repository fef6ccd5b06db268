import type { Authentication, DeviceIdentity, ModuleIdentity } from '../../../protocol/identity.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { MessageCounts } from '../messages/service.ts';
import type { DeviceRecord } from '../ports.ts';
import { pathOf } from '../records.ts';

/** The identity as `GET /devices/{id}` answers it: both credential objects are always there. Source: service.md §2.2. */
export function viewIdentity(record: DeviceRecord, messages: MessageCounts): DeviceIdentity {
  return {
    deviceId: record.deviceId,
    generationId: record.generationId,
    etag: etagOf(record.identityCounter),
    connectionState: record.connectionState,
    status: record.status,
    statusReason: record.statusReason,
    connectionStateUpdatedTime: isoMillis(record.connectionStateUpdatedTime),
    statusUpdatedTime: isoMillis(record.statusUpdatedTime),
    lastActivityTime: isoMillis(record.lastActivityTime),
    cloudToDeviceMessageCount: messages.count(pathOf(record)),
    authentication: viewAuthentication(record),
    capabilities: { iotEdge: record.iotEdge },
    ...(record.deviceScope === null ? {} : { deviceScope: record.deviceScope }),
    ...(record.parentScopes.length === 0 ? {} : { parentScopes: [...record.parentScopes] }),
  };
}

/** The identity as `GET /devices/{d}/modules/{m}` answers it. Source: service.md §2.2. */
export function viewModule(record: DeviceRecord, messages: MessageCounts): ModuleIdentity {
  return {
    moduleId: record.moduleId,
    ...(record.managedBy === null ? {} : { managedBy: record.managedBy }),
    deviceId: record.deviceId,
    generationId: record.generationId,
    etag: etagOf(record.identityCounter),
    connectionState: record.connectionState,
    connectionStateUpdatedTime: isoMillis(record.connectionStateUpdatedTime),
    lastActivityTime: isoMillis(record.lastActivityTime),
    cloudToDeviceMessageCount: messages.count(pathOf(record)),
    authentication: viewAuthentication(record),
  };
}

function viewAuthentication(record: DeviceRecord): Authentication {
  return {
    type: record.authType,
    symmetricKey: { primaryKey: record.primaryKey, secondaryKey: record.secondaryKey },
    x509Thumbprint: { primaryThumbprint: record.primaryThumbprint, secondaryThumbprint: record.secondaryThumbprint },
  };
}
