/** What the hub's core needs from the outside: storage and time. Adapters live in `hub/store`. */
import type { AuthenticationType, ConnectionState, DeviceStatus } from '../../protocol/identity.ts';
import type { Query } from '../../protocol/query/index.ts';
import type { AuthMethod, MessageSource } from '../../protocol/telemetry/message.ts';
import type { Position } from '../../protocol/telemetry/stream.ts';
import type { TwinSection } from '../../protocol/twin/document.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';

/** Everything stored about one device. Times are Unix milliseconds; 0 means never. */
export interface DeviceRecord {
  readonly deviceId: string;
  /** 18 digits, new on every create. */
  readonly generationId: string;
  /** Counts every write of the record; the store compares it (optimistic concurrency). */
  readonly revision: number;
  /** Counts identity writes; the identity etag is its base64. */
  readonly identityCounter: number;
  /** Counts tag and desired writes; the twin etag is its base64. */
  readonly twinCounter: number;
  /** Counts every twin write, reported ones too. */
  readonly twinVersion: number;
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly statusUpdatedTime: number;
  readonly authType: AuthenticationType;
  readonly primaryKey: string | null;
  readonly secondaryKey: string | null;
  readonly primaryThumbprint: string | null;
  readonly secondaryThumbprint: string | null;
  readonly iotEdge: boolean;
  readonly modelId: string;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** Not counted by `revision`: written by {@link RegistryStore.touch}. */
  readonly connectionState: ConnectionState;
  readonly connectionStateUpdatedTime: number;
  readonly lastActivityTime: number;
}

export type RegistryChange =
  | { readonly kind: 'insert'; readonly record: DeviceRecord }
  /** Replaces when the stored revision equals `expected`. The connection columns keep their stored values. */
  | { readonly kind: 'replace'; readonly record: DeviceRecord; readonly expected: number }
  | { readonly kind: 'delete'; readonly deviceId: string; readonly expected: number };

export type ChangeOutcome = 'applied' | 'exists' | 'missing' | 'stale';

export interface Activity {
  readonly deviceId: string;
  readonly lastActivityTime: number;
  /** Set when the state changed. */
  readonly connectionState?: ConnectionState;
}

/** One page of a query's rows. `Twin` rows are whole records, `Raw` rows are projections or aggregates. */
export type QueryPage =
  | { readonly type: 'Twin'; readonly rows: readonly DeviceRecord[]; readonly next: string | undefined }
  | { readonly type: 'Raw'; readonly rows: readonly JsonObject[]; readonly next: string | undefined };

export interface RegistryCounts {
  readonly total: number;
  readonly enabled: number;
  readonly connected: number;
}

/** A JSON document of a collection; `id` is unique in it. */
export interface StoredDocument {
  readonly id: string;
  readonly value: JsonObject;
}

export type DocumentChange =
  | { readonly kind: 'put'; readonly collection: string; readonly id: string; readonly value: JsonObject }
  | { readonly kind: 'delete'; readonly collection: string; readonly id: string };

/**
 * What services beside the registry keep: queued messages, jobs, configurations, enrollments, certificates. Durable when a promise
 * resolves; the changes of one call are applied together or not at all. A service guards its own invariants: it is the only writer
 * of its collections.
 */
export interface DocumentStore {
  get(collection: string, id: string): Promise<JsonObject | undefined>;
  /** In the byte order of their ids, beginning after `after`; ids that begin with `prefix` alone when that is given. */
  list(
    collection: string,
    page: { readonly limit: number; readonly after?: string | undefined; readonly prefix?: string | undefined },
  ): Promise<readonly StoredDocument[]>;
  count(collection: string): Promise<number>;
  write(changes: readonly DocumentChange[]): Promise<void>;
}

/** Devices and their twins. Every method is durable when its promise resolves; concurrent writes share commits. */
export interface RegistryStore {
  read(deviceId: string): Promise<DeviceRecord | undefined>;
  readMany(deviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceRecord>>;
  list(top: number): Promise<readonly DeviceRecord[]>;
  /** Each change stands alone: one outcome each, in order; all of one call are in one transaction. */
  write(changes: readonly RegistryChange[]): Promise<readonly ChangeOutcome[]>;
  /** Connection state and last activity; may be batched. */
  touch(activities: readonly Activity[]): Promise<void>;
  /** At start-up: nobody is connected any more. */
  disconnectAll(now: number): Promise<void>;
  /** Runs a query over devices. `after` is an opaque token of an earlier page; throws HubError ArgumentInvalid when it is not. */
  query(query: Query, page: { readonly limit: number; readonly after?: string | undefined }): Promise<QueryPage>;
  counts(): Promise<RegistryCounts>;
  /** Documents of the other services, in the same file: see {@link DocumentStore}. */
  readonly documents: DocumentStore;
  readSetting(name: string): Promise<JsonValue | undefined>;
  writeSetting(name: string, value: JsonValue): Promise<void>;
  /** The subscriptions of a device's stored MQTT session (clean session 0); undefined when there is none. */
  readSession(deviceId: string): Promise<readonly string[] | undefined>;
  writeSession(deviceId: string, filters: readonly string[] | undefined): Promise<void>;
  close(): Promise<void>;
}

/** Who sent a telemetry message, as proved at connect time; device text cannot change it. */
export interface Sender {
  readonly deviceId: string;
  /** Empty for the device itself. */
  readonly moduleId: string;
  readonly generationId: string;
  readonly auth: AuthMethod;
  /** DTMI announced at connect, stamped as `dt-dataschema`; empty when none. */
  readonly modelId: string;
  /** What the message is: telemetry, or an event the hub tells about the identity. */
  readonly source: MessageSource;
}

/** A stored message. `bag` is the property bag as the device wrote it (device.md §2.3), parsed only when read. */
export interface StoredMessage {
  readonly sender: Sender;
  readonly partition: number;
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly bag: string;
  readonly body: Uint8Array;
}

export interface LogStats {
  readonly partitions: number;
  readonly messages: number;
  readonly bytes: number;
  readonly oldestTime: number | undefined;
  readonly newestTime: number | undefined;
}

/** What a reader gets in one step; the first is empty and tells where it begins. `position` is where to go on; `lost` counts messages retention took first. */
export interface LogBatch {
  readonly messages: readonly StoredMessage[];
  readonly position: Position;
  readonly lost: number;
  /** True when the reader stands at the end of the log. */
  readonly live: boolean;
}

export interface ReadOptions {
  readonly from: Position | 'earliest' | 'latest' | { readonly time: number };
  /** Stop after everything stored before this time has been given. */
  readonly until?: number | undefined;
  /** Wait for new messages at the end instead of stopping. */
  readonly follow: boolean;
  /** Only these devices: ids or globs; all when absent. */
  readonly devices?: readonly string[] | undefined;
  /** At most this many messages in one batch. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The append log of telemetry. Acknowledged means stored: `append` calls back after the commit that holds the message. */
export interface TelemetryLog {
  /**
   * Adds one message; partition by a stable hash of the device id, order kept per device. `stored` is called once, after the
   * commit, or with the error that kept it from disk. Copies what it needs before it returns. Returns false when the caller
   * should wait for {@link TelemetryLog.drained} before it adds more (the message itself is taken).
   */
  append(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: (error?: Error) => void): boolean;
  drained(): Promise<void>;
  read(options: ReadOptions): AsyncIterable<LogBatch>;
  /** The position after the last stored message. */
  head(): Promise<Position>;
  stats(): Promise<LogStats>;
  /** Removes what is older or more than the retention allows; runs by itself on a timer too. */
  prune(now: number): Promise<void>;
  close(): Promise<void>;
}
