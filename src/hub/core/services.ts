/** What the hub's fronts (MQTT, HTTP, later AMQP) may ask of the core. A front translates one protocol to these calls. */
import type { BulkResult, DeviceIdentity } from '../../protocol/identity.ts';
import type { MethodResponse } from '../../protocol/method.ts';
import type { DeviceTwin, Twin } from '../../protocol/twin/document.ts';
import type { JsonObject } from '../../std/json.ts';
import type { RegistryCounts, Sender, TelemetryLog } from './ports.ts';

export type Permission = 'RegistryRead' | 'RegistryWrite' | 'ServiceConnect' | 'DeviceConnect';

export interface AccessPolicy {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** A device that has proved who it is. */
export interface DevicePrincipal {
  readonly sender: Sender;
  /** When its token expires, Unix milliseconds (with the allowed skew added); undefined when it cannot. */
  readonly expiresAt: number | undefined;
  /** The identity's write counter when it was checked: a later write may have taken the key away. */
  readonly identityCounter: number;
}

/** Checks credentials. Failures are HubErrors IotHubUnauthorized(Access), DeviceNotFound or DeviceDisabled. */
export interface Gatekeeper {
  /** A device with a SAS token (its own key, or a policy's with DeviceConnect). Constant-time comparison. */
  authenticateDevice(request: {
    deviceId: string;
    token: string;
    modelId?: string | undefined;
  }): Promise<DevicePrincipal>;
  /** A back-end caller: the token must verify, cover `resource` (path below the host) and hold one of `anyOf`. */
  authorizeService(request: {
    token: string | undefined;
    resource: string;
    anyOf: readonly Permission[];
  }): Promise<{ policy: string }>;
}

/** `If-Match`: undefined when absent, `*` for any, else the bare etag. */
export type IfMatch = string | undefined;

/** Identities, by the rules of service.md §2. */
export interface RegistryService {
  get(deviceId: string): Promise<DeviceIdentity>;
  list(top: number): Promise<DeviceIdentity[]>;
  /** PUT with the precondition table of §2.4. `body` is untrusted JSON. */
  put(deviceId: string, body: unknown, ifMatch: IfMatch): Promise<DeviceIdentity>;
  delete(deviceId: string, ifMatch: IfMatch): Promise<void>;
  bulk(body: unknown): Promise<BulkResult>;
  counts(): Promise<RegistryCounts>;
}

/** Twins, by the rules of service.md §3 and device.md §6. */
export interface TwinService {
  get(deviceId: string): Promise<Twin>;
  patch(deviceId: string, body: unknown, ifMatch: IfMatch): Promise<Twin>;
  replace(deviceId: string, body: unknown, ifMatch: IfMatch): Promise<Twin>;
  /** The device's own view. */
  readAsDevice(deviceId: string): Promise<DeviceTwin>;
  /** The device merges its reported properties; resolves to the new reported `$version`. */
  patchReported(deviceId: string, patch: unknown, baseVersion?: number): Promise<number>;
}

export interface QueryService {
  /** `after` is the continuation token of an earlier page. Twin rows come as whole twins. */
  run(
    text: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<{ type: 'Twin' | 'Raw'; rows: JsonObject[]; next: string | undefined }>;
}

/** A live connection of a device, on any protocol. One per device id: a newer one displaces it. */
export interface DeviceSession {
  readonly sender: Sender;
  readonly protocol: 'mqtt' | 'mqtt-ws' | 'amqp' | 'amqp-ws';
  /** Remote address, for the log. */
  readonly remote: string;
  /** True while the device listens for methods. */
  readonly methodReady: boolean;
  /** Sends a method request; the answer comes back through {@link CommandService.answer}. */
  sendMethod(request: { requestId: string; methodName: string; payload: string }): void;
  /** Sends a desired-properties patch if the device listens for them. `patch` includes `$version`. */
  sendDesired(patch: JsonObject, version: number): void;
  /** Ends the connection. Idempotent. */
  close(reason: SessionEnd): void;
}

export type SessionEnd = 'displaced' | 'disabled' | 'deleted' | 'key-changed' | 'token-expired' | 'shutdown';

export interface SessionService {
  /** Makes this the device's session: displaces an older one and marks the device connected. */
  attach(session: DeviceSession): void;
  /** The session is over; ignored when it is no longer the device's. */
  detach(session: DeviceSession): void;
  /** The session began or stopped listening for methods. */
  methodsChanged(session: DeviceSession): void;
  find(deviceId: string): DeviceSession | undefined;
  /** The device did something; its last activity is stored in batches. */
  touch(deviceId: string): void;
  readonly size: number;
  /** Stored subscriptions of clean session 0. */
  readSubscriptions(deviceId: string): Promise<readonly string[] | undefined>;
  writeSubscriptions(deviceId: string, filters: readonly string[] | undefined): Promise<void>;
}

export interface CommandService {
  /** Calls a device; HubErrors DeviceNotFound, DeviceNotOnline, GatewayTimeout, BadDeviceResponse, ArgumentInvalid. */
  invoke(deviceId: string, body: unknown, signal?: AbortSignal): Promise<MethodResponse>;
  /** A device's answer; unknown or late request ids are ignored. `payload` is the raw JSON text. */
  answer(deviceId: string, requestId: string, status: number | undefined, payload: string): void;
}

export interface HubCore {
  readonly gatekeeper: Gatekeeper;
  readonly registry: RegistryService;
  readonly twins: TwinService;
  readonly queries: QueryService;
  readonly sessions: SessionService;
  readonly commands: CommandService;
  readonly telemetry: TelemetryLog;
}
