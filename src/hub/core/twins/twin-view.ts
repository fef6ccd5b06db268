import type { Twin } from '../../../protocol/twin/document.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { etagOf, readSection } from '../../../protocol/twin/index.ts';
import type { MessageCounts } from '../messages/service.ts';
import type { DeviceRecord } from '../ports.ts';
import { pathOf } from '../records.ts';

/** The twin as `GET /twins/{id}` answers it. Source: service.md §3.2. */
export function viewTwin(record: DeviceRecord, messages: MessageCounts): Twin {
  return {
    deviceId: record.deviceId,
    ...(record.moduleId === '' ? {} : { moduleId: record.moduleId }),
    etag: etagOf(record.twinCounter),
    deviceEtag: etagOf(record.identityCounter),
    status: record.status,
    ...(record.statusReason === null ? {} : { statusReason: record.statusReason }),
    statusUpdateTime: isoMillis(record.statusUpdatedTime),
    connectionState: record.connectionState,
    lastActivityTime: isoMillis(record.lastActivityTime),
    cloudToDeviceMessageCount: messages.count(pathOf(record)),
    authenticationType: record.authType,
    x509Thumbprint: { primaryThumbprint: record.primaryThumbprint, secondaryThumbprint: record.secondaryThumbprint },
    modelId: record.modelId,
    version: record.twinVersion,
    tags: record.tags,
    properties: {
      desired: readSection(record.desired, { metadata: true }),
      reported: readSection(record.reported, { metadata: true }),
    },
    capabilities: { iotEdge: record.iotEdge },
    ...(record.deviceScope === null ? {} : { deviceScope: record.deviceScope }),
    ...(record.parentScopes.length === 0 ? {} : { parentScopes: [...record.parentScopes] }),
    ...(Object.keys(record.configurations).length === 0 ? {} : { configurations: record.configurations }),
  };
}
