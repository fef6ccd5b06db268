/** What the log asks of its workers. Every request has one reply; failures travel as {@link LogFailure}. */
import type { FailureCode } from '../../../errors/index.ts';
import type { Batch } from './records.ts';

export interface OpenOptions {
  readonly file: string;
  /** Only for a new file; an old one keeps its own. */
  readonly partitions: number;
  readonly readOnly: boolean;
}

/** The next sequence number of each partition, by partition. */
export type Heads = readonly number[];

export interface ScanCursor {
  readonly partition: number;
  readonly next: number;
}

/** What one scan found in one partition. */
export interface ScanPart {
  readonly partition: number;
  /** Runs of records, in order; between runs are batches without a message of the wanted devices. */
  readonly runs: readonly { readonly first: number; readonly start: number; readonly end: number }[];
  readonly buffer: ArrayBuffer;
  /** Where to scan on. */
  readonly next: number;
  /** Messages that were gone. */
  readonly lost: number;
}

export interface StoredTotals {
  readonly messages: number;
  readonly bytes: number;
  readonly oldestTime: number | undefined;
  readonly newestTime: number | undefined;
}

/** What is stored of one partition; `first` and `lastTime` are absent when there is nothing. */
export interface StoredPartition {
  readonly first: number | undefined;
  readonly lastTime: number | undefined;
}

/** Request and reply of every kind. */
export interface LogCalls {
  open: { request: OpenOptions; reply: { heads: Heads } };
  /** All batches in one transaction. The buffers come back for use again. */
  commit: { request: { batches: readonly Batch[] }; reply: { heads: Heads; buffers: readonly ArrayBuffer[] } };
  /** `bytes` bounds the records returned for each partition, save that one batch always fits. */
  scan: {
    request: { cursors: readonly ScanCursor[]; devices: readonly string[] | undefined; bytes: number };
    reply: { parts: readonly ScanPart[] };
  };
  /** The first position with a message at or after `time`; the earliest stored when absent. */
  seek: { request: { time: number | undefined }; reply: { positions: Heads } };
  /** One bounded step; `more` says that another is needed. */
  prune: { request: { olderThan: number; maxBytes: number }; reply: { removed: number; more: boolean } };
  /** By partition. */
  partitions: { request: Record<string, never>; reply: { partitions: readonly StoredPartition[] } };
  stats: { request: Record<string, never>; reply: StoredTotals };
  /** Writes something that changes nothing, to see whether the disk takes it. */
  probe: { request: Record<string, never>; reply: Record<string, never> };
  close: { request: Record<string, never>; reply: Record<string, never> };
}

export type LogCall = keyof LogCalls;

export type LogMessage = {
  readonly [Kind in LogCall]: { readonly id: number; readonly kind: Kind; readonly request: LogCalls[Kind]['request'] };
}[LogCall];

export interface LogFailure {
  readonly code: FailureCode;
  readonly message: string;
}

export type LogAnswer =
  | { readonly id: number; readonly reply: LogCalls[LogCall]['reply'] }
  | { readonly id: number; readonly failure: LogFailure };
