import type { JsonObject } from '../std/json.ts';

/** A JSON document that a back-end program keeps at the hub, with the etag of its content. */
export interface StoredRecord {
  readonly name: string;
  readonly value: JsonObject;
  readonly etag: string;
}

/**
 * Small JSON documents of programs that work on a hub, such as the record of a rollout: at iotctl's own hub as an extension, for a hub in
 * the cloud in a storage container. Names are paths such as `rollouts/pump-2/state`. Every write is on disk when its promise resolves.
 * Failures: not-found (read of a name that is not there answers undefined instead), changed-meanwhile, unsupported, and those of
 * any request.
 */
export interface RecordStore {
  read(name: string, signal?: AbortSignal): Promise<StoredRecord | undefined>;
  /**
   * Creates where `etag` is `none` and else replaces that etag; unconditional when absent. Answers the new etag.
   * Failure changed-meanwhile: it exists already, is gone, or was changed. At most {@link recordBytes} of JSON.
   */
  write(
    name: string,
    value: JsonObject,
    condition?: { readonly etag?: string; readonly signal?: AbortSignal },
  ): Promise<string>;
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** Records whose names begin with the prefix, in the byte order of their names. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredRecord>;
}

/** What one record may hold. */
export const recordBytes = 4 * 1024 * 1024;
