/** What a hub offers its operators, whichever hub it is. `connectHub` answers one of these; tests may bring their own. */
import type { MessageQueues } from './messages.ts';
import type { ConfigurationStore } from './configurations.ts';
import type { AuditReader } from './audit.ts';
import type { FaultStore } from './faults.ts';
import type { JobStore } from './jobs.ts';
import type { IdentityReader } from './identities.ts';
import type { ContainerStore } from './containers.ts';
import type { ArtifactStore } from './artifacts.ts';
import type { RecordStore } from './records.ts';
import type { ServiceChannel } from './amqp/channel.ts';
import type { AuthorityCertificate } from '../protocol/certificates.ts';
import type { BulkDevice, BulkResult, DeviceIdentity, ModuleIdentity } from '../protocol/identity.ts';
import type { IdentityPath } from '../protocol/identity-path.ts';
import type { MethodRequest, MethodResponse } from '../protocol/method.ts';
import type { MessageSource, TelemetryMessage } from '../protocol/telemetry/message.ts';
import type { Twin, TwinChange } from '../protocol/twin/document.ts';
import type { JsonObject } from '../std/json.ts';

/** Identities. Failures: device-not-found, device-exists, changed-meanwhile, not-authorised, throttled, hub-unreachable. */
export interface DeviceRegistry {
  get(deviceId: string, signal?: AbortSignal): Promise<DeviceIdentity>;
  /** Creates (no etag) or replaces (`*` or an etag). */
  put(
    device: Partial<DeviceIdentity> & { deviceId: string },
    options?: { etag?: string; signal?: AbortSignal },
  ): Promise<DeviceIdentity>;
  delete(deviceId: string, options?: { etag?: string; signal?: AbortSignal }): Promise<void>;
  /** At most {@link bulkLimit} devices; a partly failed bulk is a result, not a failure. */
  bulk(devices: readonly BulkDevice[], signal?: AbortSignal): Promise<BulkResult>;
}

/** Module identities, named `DEVICE/MODULE`. Failures: device-not-found, not-found, conflict, changed-meanwhile. */
export interface ModuleRegistry {
  get(identity: IdentityPath, signal?: AbortSignal): Promise<ModuleIdentity>;
  list(deviceId: string, signal?: AbortSignal): Promise<ModuleIdentity[]>;
  /** Creates (no etag) or replaces (`*` or an etag). */
  put(
    module: Partial<ModuleIdentity> & { deviceId: string; moduleId: string },
    options?: { etag?: string; signal?: AbortSignal },
  ): Promise<ModuleIdentity>;
  delete(identity: IdentityPath, options?: { etag?: string; signal?: AbortSignal }): Promise<void>;
}

/** CA certificates that devices may come with; on iotctl's own hub alone. Failures: unsupported, not-found, conflict, changed-meanwhile. */
export interface CertificateStore {
  list(signal?: AbortSignal): Promise<AuthorityCertificate[]>;
  get(name: string, signal?: AbortSignal): Promise<AuthorityCertificate>;
  /** `certificate` is PEM. An etag, or `*`, replaces one that is there. */
  put(
    name: string,
    upload: {
      readonly certificate: string;
      readonly isVerified?: boolean;
      readonly etag?: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<AuthorityCertificate>;
  /** What the common name of the proof has to be. */
  verificationCode(name: string, signal?: AbortSignal): Promise<string>;
  /** `certificate` is the proof, in PEM. */
  verify(name: string, certificate: string, signal?: AbortSignal): Promise<AuthorityCertificate>;
  delete(name: string, signal?: AbortSignal): Promise<void>;
}

/** Twins of devices and, named `DEVICE/MODULE`, of modules. `etag` undefined means unconditional. */
export interface TwinStore {
  get(deviceId: string, signal?: AbortSignal): Promise<Twin>;
  patch(deviceId: string, change: TwinChange, options?: { etag?: string; signal?: AbortSignal }): Promise<Twin>;
  replace(deviceId: string, change: TwinChange, options?: { etag?: string; signal?: AbortSignal }): Promise<Twin>;
}

/** Queries in the IoT Hub query language; pages are fetched as they are consumed. Failure: invalid-query. */
export interface QueryRunner {
  query(text: string, options?: { pageSize?: number; signal?: AbortSignal }): AsyncIterable<JsonObject[]>;
}

/** Direct methods of devices and, named `DEVICE/MODULE`, of modules. Failures: device-offline, device-no-answer, device-bad-answer, device-not-found. */
export interface MethodInvoker {
  invoke(deviceId: string, request: MethodRequest, signal?: AbortSignal): Promise<MethodResponse>;
}

export interface TelemetryRequest {
  /** Where to begin: a position from an earlier item, the oldest, only new ones, or a time (Unix ms). */
  readonly from: { readonly position: string } | 'earliest' | 'latest' | { readonly time: number };
  readonly until?: number;
  readonly follow: boolean;
  /** Ids and globs; all when absent or empty. */
  readonly devices?: readonly string[];
  /** Telemetry alone when absent. */
  readonly sources?: readonly MessageSource[];
  /** Of the Event Hubs-compatible endpoint; that of the profile when absent. The stream of iotctl's own hub has none. */
  readonly consumerGroup?: string;
  readonly signal?: AbortSignal;
  /** Told when the link is lost and when it is back; the stream itself goes on without gap or repeat. */
  readonly onLink?: (event: LinkEvent) => void;
}

export type LinkEvent =
  | { readonly kind: 'lost'; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: 'restored'; readonly afterMs: number };

/** A step of a telemetry stream. */
export interface TelemetryBatch {
  readonly messages: readonly TelemetryMessage[];
  /** Where a later request goes on after this batch. */
  readonly position: string;
  /** The reader has caught up with what is stored. */
  readonly live: boolean;
  /** Messages retention removed before they could be read. */
  readonly lost: number;
}

export interface TelemetrySource {
  read(request: TelemetryRequest): AsyncIterable<TelemetryBatch>;
}

export type { ConfigurationStore } from './configurations.ts';
export type { FaultStore } from './faults.ts';
export type { AuditReader } from './audit.ts';
export type { JobRequest, JobStore } from './jobs.ts';
export type { ArtifactStore, StoredArtifact } from './artifacts.ts';
export type { RecordStore, StoredRecord } from './records.ts';

/** A hub as the use-cases see it. */
export interface Hub {
  readonly hostName: string;
  readonly devices: DeviceRegistry;
  readonly modules: ModuleRegistry;
  readonly identities: IdentityReader;
  readonly certificates: CertificateStore;
  readonly containers: ContainerStore;
  readonly twins: TwinStore;
  readonly queries: QueryRunner;
  readonly jobs: JobStore;
  readonly configurations: ConfigurationStore;
  readonly faults: FaultStore;
  readonly audit: AuditReader;
  readonly records: RecordStore;
  readonly artifacts: ArtifactStore;
  readonly methods: MethodInvoker;
  readonly messages: MessageQueues;
  readonly telemetry: TelemetrySource;
  /** Messages to devices and what the hub tells about them. */
  readonly channel: ServiceChannel;
  /** Where devices connect, for connection strings. */
  readonly deviceHostName: string;
  /** How many milliseconds the hub's clock is ahead of this program's, as far as its answers tell; it is not known where absent. */
  readonly clockOffsetMs?: () => number;
  close(): Promise<void>;
}
