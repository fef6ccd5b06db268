import type { JsonObject } from '../../std/json.ts';
import type { AuthenticationType, ConnectionState, DeviceStatus } from '../identity.ts';

/** Mirrors a property tree: `$lastUpdated` (ISO, 7 digits) and, under desired, `$lastUpdatedVersion` on every node. */
export interface TwinMetadata {
  $lastUpdated: string;
  $lastUpdatedVersion?: number;
  [key: string]: TwinMetadata | string | number | undefined;
}

/** One writable section of a twin as it is stored: content without `$` members, its version and its metadata. */
export interface TwinSection {
  readonly content: JsonObject;
  readonly version: number;
  readonly metadata: TwinMetadata;
}

/** A twin as `GET /twins/{id}` answers it. Source: service.md §3.2. */
export interface Twin {
  deviceId: string;
  /** Absent on a device's twin. */
  moduleId?: string;
  etag: string;
  deviceEtag: string;
  status: DeviceStatus;
  statusReason?: string;
  statusUpdateTime: string;
  connectionState: ConnectionState;
  lastActivityTime: string;
  cloudToDeviceMessageCount: number;
  authenticationType: AuthenticationType;
  x509Thumbprint: { primaryThumbprint: string | null; secondaryThumbprint: string | null };
  modelId: string;
  version: number;
  tags: JsonObject;
  properties: {
    desired: JsonObject;
    reported: JsonObject;
  };
  capabilities: { iotEdge: boolean };
  deviceScope?: string;
  parentScopes?: string[];
  /** Configurations that target the identity, by id: `{"status": "Targeted"}` or `Applied`. */
  configurations?: JsonObject;
}

/** What a service may change in one PATCH or PUT. `null` deletes a key (PATCH only). */
export interface TwinChange {
  tags?: JsonObject;
  properties?: { desired?: JsonObject };
}

/** What a device sees: desired and reported without metadata, each with `$version`. Source: device.md §2.6. */
export interface DeviceTwin {
  desired: JsonObject;
  reported: JsonObject;
}
