import type { DeviceIdentity } from '../../../protocol/identity.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { DeviceRecord } from '../ports.ts';

/** The identity as `GET /devices/{id}` answers it: both credential objects are always there. Source: service.md §2.2. */
export function viewIdentity(record: DeviceRecord): DeviceIdentity {
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
    // Cloud-to-device messages are not queued by this hub, so none can be waiting.
    cloudToDeviceMessageCount: 0,
    authentication: {
      type: record.authType,
      symmetricKey: { primaryKey: record.primaryKey, secondaryKey: record.secondaryKey },
      x509Thumbprint: { primaryThumbprint: record.primaryThumbprint, secondaryThumbprint: record.secondaryThumbprint },
    },
    capabilities: { iotEdge: record.iotEdge },
  };
}
