/** What the hub's fronts (MQTT, HTTP, later AMQP) may ask of the core. A front translates one protocol to these calls. */
import type { BulkResult, DeviceIdentity, KeyRegeneration, ModuleIdentity } from '../../protocol/identity.ts';
import type { MethodResponse } from '../../protocol/method.ts';
import type { DeviceTwin, Twin } from '../../protocol/twin/document.ts';
import type { JsonObject } from '../../std/json.ts';
import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { FileServices } from './files/files.ts';
import type { ConfigurationService } from './configurations/service.ts';
import type { DigitalTwinService } from './digital-twins/digital-twins.ts';
import type { FaultService } from './faults/service.ts';
import type { JobService } from './jobs/service.ts';
import type { MessageService, ServiceQueue } from './messages/service.ts';
import type { ProvisioningService } from './provisioning/service.ts';
import type { CertificateService } from './certificates/service.ts';
import type { RegistryCounts, Sender, StoredFilter, TelemetryLog } from './ports.ts';
import type { AuditService } from './audit/service.ts';
import type { ArtifactService } from './artifacts/service.ts';
import type { RecordService } from './records/service.ts';
import type { ThrottleService } from './throttling/service.ts';

export type Permission =
  | 'RegistryRead'
  | 'RegistryWrite'
  | 'ServiceConnect'
  | 'DeviceConnect'
  // Of the provisioning service (service.md §10).
  | 'ServiceConfig'
  | 'EnrollmentRead'
  | 'EnrollmentWrite'
  | 'RegistrationStatusRead'
  | 'RegistrationStatusWrite';

export interface AccessPolicy {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** Which of an identity's credentials was shown; `authority` is a certificate of a verified CA, `policy` a hub policy's token. */
export type ShownCredential =
  | 'primaryKey'
  | 'secondaryKey'
  | 'primaryThumbprint'
  | 'secondaryThumbprint'
  | 'authority'
  | 'policy';

/** A device or module that has proved who it is. */
export interface DevicePrincipal {
  readonly sender: Sender;
  readonly credential: ShownCredential;
  /** When its token expires, Unix milliseconds (with the allowed skew added); undefined when it cannot. */
  readonly expiresAt: number | undefined;
  /** The identity's write counter when it was checked: a later write may have taken the key away. */
  readonly identityCounter: number;
}

/** The certificate a peer showed in its TLS handshake, the issuers it sent along after it. DER bytes. */
export interface PeerCertificates {
  readonly leaf: Uint8Array;
  readonly issuers: readonly Uint8Array[];
}

/** How a device proves itself. A token wins over a certificate (device.md §1.3). */
export interface DeviceCredentials {
  readonly identity: IdentityPath;
  readonly token?: string | undefined;
  readonly certificates?: PeerCertificates | undefined;
  readonly modelId?: string | undefined;
  /** Where the peer is, with or without a port: for the audit. */
  readonly remote?: string | undefined;
}

/** A back-end caller that has proved who it is. */
export interface ServicePrincipal {
  /** Name of the policy that signed. */
  readonly policy: string;
  /** When the token expires, Unix milliseconds. */
  readonly expiresAt: number;
}

/** Checks credentials. Failures are HubErrors IotHubUnauthorized(Access), DeviceNotFound, ModuleNotFound or DeviceDisabled. */
export interface Gatekeeper {
  /** A device or module with a SAS token (its own key, or a policy's with DeviceConnect) or a certificate. Constant-time comparison. */
  authenticateDevice(credentials: DeviceCredentials): Promise<DevicePrincipal>;
  /** A back-end caller: the token must verify, cover `resource` (path below the host) and hold one of `anyOf`. */
  authorizeService(request: {
    token: string | undefined;
    resource: string;
    anyOf: readonly Permission[];
    /** Where the caller is, with or without a port: for the audit. */
    remote?: string | undefined;
  }): Promise<ServicePrincipal>;
  /** An Event Hubs client: the same policies, but the key's text signs, not its bytes (service.md §9.3). Needs ServiceConnect. */
  authorizeEventHub(token: string, remote?: string): Promise<ServicePrincipal>;
  /** An Event Hubs client that logs in with the name and the key of a policy itself. Needs ServiceConnect. */
  authorizeEventHubKey(policy: string, key: string, remote?: string): Promise<{ readonly policy: string }>;
}

/** `If-Match`: undefined when absent, `*` for any, else the bare etag. */
export type IfMatch = string | undefined;

/** Module identities, by the rules of service.md §2.5. HubErrors DeviceNotFound, ModuleNotFound and those of devices. */
export interface ModuleRegistry {
  get(identity: IdentityPath): Promise<ModuleIdentity>;
  list(deviceId: string): Promise<ModuleIdentity[]>;
  put(identity: IdentityPath, body: unknown, ifMatch: IfMatch): Promise<ModuleIdentity>;
  delete(identity: IdentityPath, ifMatch: IfMatch): Promise<void>;
}

/** Identities, by the rules of service.md §2. */
export interface RegistryService {
  readonly modules: ModuleRegistry;
  get(deviceId: string): Promise<DeviceIdentity>;
  list(top: number): Promise<DeviceIdentity[]>;
  /** PUT with the precondition table of §2.4. `body` is untrusted JSON. */
  put(deviceId: string, body: unknown, ifMatch: IfMatch): Promise<DeviceIdentity>;
  delete(deviceId: string, ifMatch: IfMatch): Promise<void>;
  bulk(body: unknown): Promise<BulkResult>;
  /** New keys for devices and modules (§2.8). */
  regenerateKeys(body: unknown): Promise<KeyRegeneration>;
  counts(): Promise<RegistryCounts>;
}

/** Twins, by the rules of service.md §3 and device.md §6. Devices and modules alike. */
export interface TwinService {
  get(identity: IdentityPath): Promise<Twin>;
  patch(identity: IdentityPath, body: unknown, ifMatch: IfMatch): Promise<Twin>;
  replace(identity: IdentityPath, body: unknown, ifMatch: IfMatch): Promise<Twin>;
  /** The device's own view. */
  readAsDevice(identity: IdentityPath): Promise<DeviceTwin>;
  /** The device merges its reported properties; resolves to the new reported `$version`. */
  patchReported(identity: IdentityPath, patch: unknown, baseVersion?: number): Promise<number>;
}

export interface QueryService {
  /** `after` is the continuation token of an earlier page. Twin rows come as whole twins. */
  run(
    text: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<{ type: 'Twin' | 'Raw' | 'DeviceJob'; rows: JsonObject[]; next: string | undefined }>;
}

/** A live connection of a device or module, on any protocol. One per identity: a newer one displaces it, whatever it speaks. */
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

export type SessionEnd = 'displaced' | 'disabled' | 'deleted' | 'key-changed' | 'token-expired' | 'shutdown' | 'fault';

export interface SessionService {
  /** Makes this the device's session: displaces an older one and marks the device connected. */
  attach(session: DeviceSession): void;
  /** The session is over; ignored when it is no longer the device's. */
  detach(session: DeviceSession): void;
  /** The session began or stopped listening for methods. */
  methodsChanged(session: DeviceSession): void;
  find(identity: IdentityPath): DeviceSession | undefined;
  /** The device did something; its last activity is stored in batches. */
  touch(identity: IdentityPath): void;
  readonly size: number;
  /** Stored subscriptions of clean session 0. */
  readSubscriptions(identity: IdentityPath): Promise<readonly StoredFilter[] | undefined>;
  writeSubscriptions(identity: IdentityPath, filters: readonly StoredFilter[] | undefined): Promise<void>;
}

export interface CommandService {
  /** Calls a device; HubErrors DeviceNotFound, DeviceNotOnline, GatewayTimeout, BadDeviceResponse, ArgumentInvalid. */
  invoke(identity: IdentityPath, body: unknown, signal?: AbortSignal): Promise<MethodResponse>;
  /** A device's answer; unknown or late request ids are ignored. `payload` is the raw JSON text. */
  answer(identity: IdentityPath, requestId: string, status: number | undefined, payload: string): void;
}

export interface HubCore {
  readonly gatekeeper: Gatekeeper;
  readonly certificates: CertificateService;
  readonly registry: RegistryService;
  readonly twins: TwinService;
  readonly queries: QueryService;
  readonly sessions: SessionService;
  readonly commands: CommandService;
  readonly messages: MessageService;
  /** What became of messages whose senders asked. */
  readonly feedback: ServiceQueue;
  /** Notices of finished uploads. */
  readonly fileNotifications: ServiceQueue;
  readonly telemetry: TelemetryLog;
  readonly files: FileServices;
  readonly jobs: JobService;
  readonly configurations: ConfigurationService;
  readonly digitalTwins: DigitalTwinService;
  readonly records: RecordService;
  readonly audit: AuditService;
  readonly artifacts: ArtifactService;
  readonly faults: FaultService;
  readonly throttle: ThrottleService;
  readonly provisioning: ProvisioningService;
}
