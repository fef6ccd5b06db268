/** The bodies of events about twins. Source: device.md §9. */
import { etagOf, readSection } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeviceRecord } from '../ports.ts';

/** An identity that came or went: its twin in short. */
export function lifecycleBody(record: DeviceRecord): JsonObject {
  return {
    deviceId: record.deviceId,
    ...(record.moduleId === '' ? {} : { moduleId: record.moduleId }),
    etag: etagOf(record.twinCounter),
    version: record.twinVersion,
    properties: {
      desired: readSection(record.desired, { metadata: true }),
      reported: readSection(record.reported, { metadata: true }),
    },
  };
}

/** The twin after a replace: everything a service may write. */
export function replacedTwinBody(record: DeviceRecord): JsonObject {
  return {
    version: record.twinVersion,
    tags: record.tags,
    properties: { desired: readSection(record.desired, { metadata: true }) },
  };
}
