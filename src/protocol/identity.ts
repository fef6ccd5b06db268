/** Shapes of the identity registry as they go over the wire. Source: service.md §2.2. */
import type { JsonObject } from '../std/json.ts';

export type DeviceStatus = 'enabled' | 'disabled';
export type ConnectionState = 'Connected' | 'Disconnected';
export type AuthenticationType = 'sas' | 'selfSigned' | 'certificateAuthority' | 'none';

/** Base64 keys of 16 to 64 bytes. */
export interface SymmetricKeyPair {
  primaryKey: string | null;
  secondaryKey: string | null;
}

/** Hex digests, 40 (SHA-1) or 64 (SHA-256) characters. */
export interface ThumbprintPair {
  primaryThumbprint: string | null;
  secondaryThumbprint: string | null;
}

export interface Authentication {
  type: AuthenticationType;
  symmetricKey: SymmetricKeyPair;
  x509Thumbprint: ThumbprintPair;
}

/** A device identity as `GET /devices/{id}` answers it. Times are ISO 8601; never set is `0001-01-01T00:00:00Z`. */
export interface DeviceIdentity {
  deviceId: string;
  generationId: string;
  etag: string;
  connectionState: ConnectionState;
  status: DeviceStatus;
  statusReason: string | null;
  connectionStateUpdatedTime: string;
  statusUpdatedTime: string;
  lastActivityTime: string;
  cloudToDeviceMessageCount: number;
  authentication: Authentication;
  capabilities: { iotEdge: boolean };
  deviceScope?: string;
  parentScopes?: string[];
}

/** A module identity as `GET /devices/{d}/modules/{m}` answers it. It has no status: its device's counts. Source: service.md §2.2. */
export interface ModuleIdentity {
  deviceId: string;
  moduleId: string;
  /** Who looks after it, such as `iotEdge`; absent when nobody was named. */
  managedBy?: string;
  generationId: string;
  etag: string;
  connectionState: ConnectionState;
  connectionStateUpdatedTime: string;
  lastActivityTime: string;
  cloudToDeviceMessageCount: number;
  authentication: Authentication;
}

/** How many modules one device may have. Source: service.md §2.5. */
export const moduleLimit = 50;

/** The stamp of a time that was never set. */
export const neverTime = '0001-01-01T00:00:00Z';

/** One element of bulk `POST /devices`. Source: service.md §2.7. */
export interface BulkDevice {
  id: string;
  /** Names a module of the device `id`. */
  moduleId?: string;
  importMode:
    | 'create'
    | 'update'
    | 'updateIfMatchETag'
    | 'createOrUpdate'
    | 'createOrUpdateIfMatchETag'
    | 'delete'
    | 'deleteIfMatchETag'
    | 'updateTwin'
    | 'updateTwinIfMatchETag';
  eTag?: string;
  status?: DeviceStatus;
  statusReason?: string | null;
  authentication?: Partial<Authentication>;
  twinETag?: string;
  tags?: JsonObject;
  properties?: { desired?: JsonObject };
  capabilities?: { iotEdge: boolean };
  managedBy?: string;
  deviceScope?: string;
  parentScopes?: string[];
}

export interface BulkResult {
  isSuccessful: boolean;
  errors: { deviceId: string; moduleId?: string; errorCode: string; errorStatus: string; operation?: string }[];
  warnings: { deviceId: string; warningCode: string; warningStatus: string }[];
}

/** Keys after a regeneration. */
export interface RotatedKeys {
  id: string;
  moduleId?: string;
  primaryKey: string | null;
  secondaryKey: string | null;
}

/** The answer to `POST /devices/keys/regenerate`. Source: service.md §2.8. */
export interface KeyRegeneration {
  policyKey: 'primaryKey' | 'secondaryKey' | 'both';
  isSuccessful: boolean;
  errors: BulkResult['errors'];
  rotatedKeys: RotatedKeys[];
}

/** How many devices one bulk request may hold. */
export const bulkLimit = 100;
