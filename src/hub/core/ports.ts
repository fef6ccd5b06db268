/** What the hub's core needs from the outside: storage and time. Adapters live in `hub/store`. */
import type { AuditEnds, AuditEntry, AuditNote } from '../../protocol/audit.ts';
import type { AuthenticationType, ConnectionState, DeviceStatus } from '../../protocol/identity.ts';
import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { Query } from '../../protocol/query/index.ts';
import type { AuthMethod, MessageSource } from '../../protocol/telemetry/message.ts';
import type { Position } from '../../protocol/telemetry/stream.ts';
import type { TwinSection } from '../../protocol/twin/document.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';

/** Everything stored about one identity, a device or a module of one. Times are Unix milliseconds; 0 means never. */
export interface DeviceRecord {
  readonly deviceId: string;
  /** Empty for the device itself. */
  readonly moduleId: string;
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
  /** Who looks after a module, such as `iotEdge`; null for devices. */
  readonly managedBy: string | null;
  /** An edge device's own scope, or the scope of the edge device above a leaf; null for none. Source: service.md §2.6. */
  readonly deviceScope: string | null;
  readonly parentScopes: readonly string[];
  readonly modelId: string;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** Configurations that target the identity, by id: `{"status": "Targeted"}` or `Applied`. Source: service.md §3.2. */
  readonly configurations: JsonObject;
  /** Not counted by `revision`: written by {@link RegistryStore.touch}. */
  readonly connectionState: ConnectionState;
  readonly connectionStateUpdatedTime: number;
  readonly lastActivityTime: number;
}

export type RegistryChange =
  /** A module is inserted only below a device that is there; its outcome is `missing` otherwise. */
  | { readonly kind: 'insert'; readonly record: DeviceRecord }
  /** Replaces when the stored revision equals `expected`. The connection columns keep their stored values. */
  | { readonly kind: 'replace'; readonly record: DeviceRecord; readonly expected: number }
  /** A device takes its modules along. */
  | { readonly kind: 'delete'; readonly identity: IdentityPath; readonly expected: number };

export type ChangeOutcome = 'applied' | 'exists' | 'missing' | 'stale';

export interface Activity {
  readonly identity: IdentityPath;
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

/** A topic filter of a stored MQTT session, with the quality of service that was granted. */
export interface StoredFilter {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** What the audit is told of a write, in the write's own transaction. */
export interface WriteNote {
  readonly note: AuditNote;
  /** What each change is done to, in order; empty for one that goes unmentioned. Noted are those that were applied, if any. */
  readonly changed: readonly string[];
}

/** Asked at every write what the audit is to be told of it; undefined for nothing. Answered at once: the write waits for it. */
export interface WriteAuditor {
  registry(changes: readonly RegistryChange[]): WriteNote | undefined;
  documents(changes: readonly DocumentChange[]): WriteNote | undefined;
}

/** The audit: entries that are only ever added, until retention takes the oldest. */
export interface AuditStore {
  /** Durable when the promise resolves. */
  append(notes: readonly AuditNote[]): Promise<void>;
  /** In order, beginning behind `after`. */
  read(page: { readonly after: number; readonly limit: number }): Promise<readonly AuditEntry[]>;
  ends(): Promise<AuditEnds>;
  /** Removes entries from before a time, and the oldest beyond a size; answers how many. */
  prune(retention: { readonly before: number; readonly maxBytes: number; readonly now: number }): Promise<number>;
}

/** What letting an identity in takes. */
export interface IdentityCredentials extends Pick<
  DeviceRecord,
  | 'generationId'
  | 'identityCounter'
  | 'authType'
  | 'primaryKey'
  | 'secondaryKey'
  | 'primaryThumbprint'
  | 'secondaryThumbprint'
> {
  /** Of the device: a module has no status of its own. Source: service.md §2.2. */
  readonly status: DeviceRecord['status'];
}

/** Devices, modules and their twins. Every method is durable when its promise resolves; concurrent writes share commits. */
export interface RegistryStore {
  /**
   * How many calls of {@link RegistryStore.write} have ended. While it stays the same, what was read is still so: whoever ends
   * sessions because of a write does that after it has ended.
   */
  readonly writes: number;
  readCredentials(identity: IdentityPath): Promise<IdentityCredentials | undefined>;
  read(identity: IdentityPath): Promise<DeviceRecord | undefined>;
  readMany(identities: readonly IdentityPath[]): Promise<ReadonlyMap<IdentityPath, DeviceRecord>>;
  /** Devices alone, in the order of their ids. */
  list(top: number): Promise<readonly DeviceRecord[]>;
  /** The modules of a device, in the order of their ids; none for a device that is not there. */
  listModules(deviceId: string): Promise<readonly DeviceRecord[]>;
  /** Each change stands alone: one outcome each, in order; all of one call are in one transaction. */
  write(changes: readonly RegistryChange[]): Promise<readonly ChangeOutcome[]>;
  /** Connection state and last activity; may be batched. */
  touch(activities: readonly Activity[]): Promise<void>;
  /** At start-up: nobody is connected any more. */
  disconnectAll(now: number): Promise<void>;
  /** Runs a query over devices or modules. `after` is an opaque token of an earlier page; throws HubError ArgumentInvalid when it is not. */
  query(query: Query, page: { readonly limit: number; readonly after?: string | undefined }): Promise<QueryPage>;
  /** Of devices; modules are not counted. */
  counts(): Promise<RegistryCounts>;
  /** Documents of the other services, in the same file: see {@link DocumentStore}. */
  readonly documents: DocumentStore;
  readonly audit: AuditStore;
  readSetting(name: string): Promise<JsonValue | undefined>;
  writeSetting(name: string, value: JsonValue): Promise<void>;
  /** The subscriptions of an identity's stored MQTT session (clean session 0); undefined when there is none. */
  readSession(identity: IdentityPath): Promise<readonly StoredFilter[] | undefined>;
  writeSession(identity: IdentityPath, filters: readonly StoredFilter[] | undefined): Promise<void>;
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

/** What is stored in one partition. */
export interface PartitionState {
  /** The oldest message that is stored; equals `next` when there is none. */
  readonly first: number;
  /** The number the next message gets. */
  readonly next: number;
  /** The latest time of a message, Unix milliseconds; undefined when there is none. */
  readonly lastTime: number | undefined;
}

export interface LogStats {
  readonly partitions: number;
  readonly messages: number;
  readonly bytes: number;
  readonly oldestTime: number | undefined;
  readonly newestTime: number | undefined;
  /** Readers that wait for what comes. */
  readonly followers: number;
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
  /**
   * Only messages of these sources, wherever they are. Absent: whatever is in the partitions of telemetry, that is telemetry itself
   * and the events that are routed there.
   */
  readonly sources?: readonly MessageSource[] | undefined;
  /** Only this partition of telemetry; all when absent. */
  readonly partition?: number | undefined;
  /** At most this many messages in one batch. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The append log of telemetry and events. Acknowledged means stored: `append` calls back after the commit that holds the message.
 * Events that are not routed to where telemetry is lie in a partition of their own, so that the numbers of telemetry have no holes.
 */
/** Messages of one sender with one property bag, received at once: their bodies lie in the buffer they arrived in. */
export interface MessageRun {
  readonly buffer: Uint8Array;
  readonly count: number;
  /** Where each body begins and where it ends: two numbers for a message. May be longer than needed. */
  readonly bounds: Uint32Array;
}

/** What became of a message: it is stored, a fault on purpose has swallowed it, or this kept it from disk. */
export type RunOutcome = 'stored' | 'dropped' | Error;

/** Told of `count` messages of a run from `first` on (from 0); once for each message, mostly for all of them at once. */
export type RunSettled = (first: number, count: number, outcome: RunOutcome) => void;

export interface TelemetryLog {
  /**
   * Adds one message; partition by a stable hash of the device id, order kept per device and source. `stored` is called once, after the
   * commit, or with the error that kept it from disk. Copies what it needs before it returns. Returns false when the caller
   * should wait for {@link TelemetryLog.drained} before it adds more (the message itself is taken).
   */
  append(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: (error?: Error) => void): boolean;
  /** {@link append} for the messages of a run, in their order. */
  appendRun(sender: Sender, enqueuedTime: number, bag: string, run: MessageRun, settled: RunSettled): boolean;
  /** {@link append} for what may wait a while: it is stored with what is appended next, or by {@link storeNotes}. */
  note(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: (error?: Error) => void): void;
  /** Begins to store what was noted. */
  storeNotes(): void;
  drained(): Promise<void>;
  read(options: ReadOptions): AsyncIterable<LogBatch>;
  /** The position after the last stored message, of the partitions of telemetry. */
  head(): Promise<Position>;
  /** The partitions of telemetry, by number. */
  partitions(): Promise<readonly PartitionState[]>;
  stats(): Promise<LogStats>;
  /** Removes what is older or more than the retention allows; runs by itself on a timer too. */
  prune(now: number): Promise<void>;
  close(): Promise<void>;
}
