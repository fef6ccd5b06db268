/** Small JSON documents that back-end programs keep at the hub, with optimistic concurrency. An extension of ours. */
import type { JsonObject } from '../../../std/json.ts';

export interface HubRecord {
  readonly name: string;
  /** Another after every write. */
  readonly etag: string;
  readonly value: JsonObject;
}

/** What must be there for a write or a removal to happen. */
export type RecordCondition =
  /** Whatever is there. */
  | { readonly kind: 'any' }
  /** Nothing. */
  | { readonly kind: 'absent' }
  /** Something. */
  | { readonly kind: 'present' }
  /** The record as this etag names it. */
  | { readonly kind: 'etag'; readonly etag: string };

/**
 * Durable when a promise resolves; writes of one name are one after the other. HubErrors ArgumentInvalid (name, value),
 * MessageTooLarge, PreconditionFailed, NotFound.
 */
export interface RecordService {
  read(name: string): Promise<HubRecord>;
  /** `value` is untrusted JSON. Answers the new etag. */
  write(name: string, value: unknown, condition: RecordCondition): Promise<string>;
  /** HubError NotFound when there is nothing to remove. */
  remove(name: string, condition: RecordCondition): Promise<void>;
  /**
   * Records whose names begin with the prefix, in the byte order of their names, from behind `after`; a page ends at `limit` records
   * or some megabytes, whichever comes first. `next` is the `after` of the page that follows.
   */
  list(page: {
    readonly prefix: string;
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly records: readonly HubRecord[]; readonly next: string | undefined }>;
  /** Tells names below the prefix that were written or removed, after that is stored; the returned function ends it. */
  onChange(prefix: string, listener: (name: string) => void): () => void;
}
