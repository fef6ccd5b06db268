/** Firmware files by the SHA-256 of their content. An extension of ours. */
import type { ArtifactAnswer } from '../../../protocol/artifacts.ts';

/** A body on its way in. */
export interface ArtifactContent {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly length: number;
}

/** An artifact that is being read. */
export interface OpenArtifact {
  readonly sha256: string;
  readonly size: number;
  /** Reads into the buffer from a place in the file; answers how many bytes, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * A name that is not 64 hexadecimal digits in lower case is HubError ArgumentInvalid everywhere. What is served has the digest of its
 * name: a file is read whole before it is served for the first time in a run of the hub, again when it is another file than it was, and
 * again after a day. One that is damaged is HubError ArtifactDamaged until the right one is brought.
 */
export interface ArtifactService {
  /** HubErrors ArtifactNotFound, ArtifactDamaged. */
  find(sha256: string): Promise<ArtifactAnswer>;
  /**
   * Durable and whole when it resolves, else nothing is left. HubErrors ArgumentInvalid (length or digest differ), MessageTooLarge,
   * InsufficientStorage.
   */
  put(sha256: string, content: ArtifactContent): Promise<ArtifactAnswer>;
  /** HubErrors ArtifactNotFound, ArtifactDamaged. */
  open(sha256: string): Promise<OpenArtifact>;
  /** In the order of their digests, from behind `after`; not looked into. */
  list(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly artifacts: readonly ArtifactAnswer[]; readonly next: string | undefined }>;
  /** A query, `?se=…&sig=…`, that opens the artifact until `expiresAt`, Unix milliseconds. HubErrors ArtifactNotFound, ArtifactDamaged. */
  sign(sha256: string, expiresAt: number): Promise<string>;
  /** HubError IotHubUnauthorizedAccess, whatever is wrong with the query. */
  verify(sha256: string, query: URLSearchParams): Promise<void>;
}

/** What tells one state of a file from another. */
export interface ArtifactFileFacts {
  readonly size: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
  /** Another for another file under the same name. */
  readonly fileId: string;
}

export interface ArtifactFile extends ArtifactFileFacts {
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Where artifacts are kept. Names are digests and nothing else. */
export interface ArtifactFiles {
  create(): Promise<ArtifactWriter>;
  /** Undefined when there is no such file, or something that is not one; links are not followed. */
  open(name: string): Promise<ArtifactFile | undefined>;
  facts(name: string): Promise<ArtifactFileFacts | undefined>;
  /** Sorted. */
  names(): Promise<readonly string[]>;
  /** What an earlier run did not finish. */
  removeUnfinished(): Promise<void>;
  /** Bytes that may still be written. */
  free(): Promise<number>;
}

export interface ArtifactWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file durable under its name, in place of one that is there. */
  commit(name: string): Promise<ArtifactFileFacts>;
  /** Leaves nothing behind; after a commit it does nothing. */
  abort(): Promise<void>;
}
