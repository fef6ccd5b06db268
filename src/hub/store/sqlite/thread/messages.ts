/** What the main thread and the database thread say to each other. Requests are answered in order; several travel as one message. */

import type { AuditNote } from '../../../../protocol/audit.ts';
import type { Change } from '../recipes.ts';
import type { AuditRetention } from './audit-trail.ts';

export type SqlValue = string | number | null | Uint8Array;

/** What became of a {@link Change}: a row changed; none, and `otherwise` found nothing; none, but `otherwise` found a row. */
export type ChangeResult = 'changed' | 'unchanged' | 'found';

/** Changes that succeed or fail together. */
export type Job = readonly Change[];
export type JobResult = { readonly results: readonly ChangeResult[] } | { readonly error: ThreadError };

/** What the audit is told of a job, in the same transaction. */
export interface JobNote {
  readonly note: AuditNote;
  /** What each change of the job is done to; noted are those that changed something, and nothing when none did. Absent: `note` as it is. */
  readonly changed?: readonly string[] | undefined;
}

export type Request =
  | {
      readonly id: number;
      readonly kind: 'open';
      readonly file: string;
      readonly busyTimeout: number;
      readonly maxBytes: number | undefined;
      /** Of a thread that only reads: one number shared with it; anything but 0 ends what it runs. */
      readonly stop?: Int32Array | undefined;
    }
  | {
      readonly id: number;
      readonly kind: 'query';
      readonly sql: string;
      readonly values: readonly SqlValue[];
      /** How long it may run, for statements that ask (`askedByRows`); without end when absent. */
      readonly limitMs?: number | undefined;
    }
  | {
      readonly id: number;
      readonly kind: 'commit';
      readonly jobs: readonly Job[];
      /** By the places of their jobs; absent where there is none. */
      readonly notes?: readonly (JobNote | undefined)[] | undefined;
    }
  | ({ readonly id: number; readonly kind: 'prune-audit' } & AuditRetention)
  /** Writes something that changes nothing, to see whether the disk takes it. */
  | { readonly id: number; readonly kind: 'probe' }
  | { readonly id: number; readonly kind: 'close' };

/** A request as its sender writes it; the client numbers it. */
export type RequestBody = Request extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

export interface QueryReply {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly changes: number;
}

export interface OpenReply {
  readonly sqliteVersion: string;
}

/** An error as it crosses the thread boundary. */
export interface ThreadError {
  readonly message: string;
  /** A system code (`ENOSPC`), a reason of our own (`ForeignFile`), or what Node said. */
  readonly code: string;
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ThreadError };
