/** The hub's blob endpoint as its front and the other services see it: block blobs, as far as Azure's clients use them. */

/** The first segment of every blob's path. No route of the hub begins with it. Also the account name in signatures. */
export const blobAccount = 'blobs';

/** Where devices upload to. */
export const uploadContainer = 'uploads';

export interface BlobAddress {
  /** 3 to 63 lower-case letters, digits and dashes. */
  readonly container: string;
  /** 1 to 1,024 characters; slashes are part of the name. */
  readonly blob: string;
}

/** What a signature allows: read, create, write, delete, list. */
export type BlobPermission = 'r' | 'c' | 'w' | 'd' | 'l';

/** What a caller says about a blob that it writes. */
export interface BlobDescription {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly cacheControl?: string | undefined;
  /** Base64, as the caller has it; not compared with anything. */
  readonly contentMd5?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BlobProperties extends BlobDescription {
  readonly name: string;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** HTTP's preconditions; times are Unix milliseconds. */
export interface BlobConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: number | undefined;
  readonly ifUnmodifiedSince?: number | undefined;
}

export interface BlobWrite {
  readonly description: BlobDescription;
  readonly conditions: BlobConditions;
  /** False when the caller may make a blob but not replace one. */
  readonly mayReplace: boolean;
}

/** A body on its way in; both are known before its first byte where the caller says them. */
export interface BlobContent {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly length?: number | undefined;
  /** Base64 of what the body must hash to. */
  readonly md5?: string | undefined;
}

/** Which of a blob's blocks an entry of a block list means. */
export interface BlockReference {
  /** Base64. */
  readonly id: string;
  readonly from: 'committed' | 'uncommitted' | 'latest';
}

export interface BlockEntry {
  readonly id: string;
  readonly size: number;
}

/** A blob that is being read: its bytes stay, whatever happens to the blob, until the release. */
export interface OpenBlob {
  readonly properties: BlobProperties;
  /** The bytes from `start` up to and without `end`. */
  bytes(start: number, end: number): AsyncIterable<Uint8Array>;
  release(): void;
}

export interface BlobPage {
  readonly blobs: readonly BlobProperties[];
  /** Set when there are more: where the next page begins. */
  readonly next: string | undefined;
}

/** Every failure is a {@link BlobError} or one of the file system. A write is on disk when its promise resolves, whole or not at all. */
export interface BlobService {
  put(address: BlobAddress, content: BlobContent, write: BlobWrite): Promise<BlobProperties>;
  /** Keeps a block aside until a block list names it; it is dropped after a week. Answers its MD5 in base64. */
  putBlock(address: BlobAddress, id: string, content: BlobContent): Promise<string>;
  /** Makes the blob of these blocks, in this order; blocks not named are dropped. */
  putBlockList(address: BlobAddress, blocks: readonly BlockReference[], write: BlobWrite): Promise<BlobProperties>;
  blocks(address: BlobAddress): Promise<{ readonly committed: BlockEntry[]; readonly uncommitted: BlockEntry[] }>;
  properties(address: BlobAddress): Promise<BlobProperties>;
  open(address: BlobAddress): Promise<OpenBlob>;
  remove(address: BlobAddress, conditions?: BlobConditions): Promise<void>;
  /** In the byte order of the names. */
  list(
    container: string,
    page: { readonly prefix?: string | undefined; readonly after?: string | undefined; readonly limit: number },
  ): Promise<BlobPage>;
  /** Signs a query string, `?sv=…`, for one blob, or for a whole container when none is named. */
  sign(grant: {
    readonly container: string;
    readonly blob?: string | undefined;
    readonly permissions: readonly BlobPermission[];
    /** Unix milliseconds. */
    readonly expiresAt: number;
  }): Promise<string>;
  /** Checks a query string against a place; answers what it allows. BlobErrors AuthenticationFailed, InvalidResourceName. */
  authorize(
    place: { readonly container: string; readonly blob?: string | undefined },
    query: URLSearchParams,
  ): Promise<ReadonlySet<BlobPermission>>;
}

/** Where the bytes of blobs are kept. File names are the hub's own; no name that a caller chose comes here. */
export interface BlobFiles {
  create(): Promise<BlobFileWriter>;
  read(file: string, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Files that are gone already are no failure. */
  remove(files: readonly string[]): Promise<void>;
  /** Files that earlier runs left, half-written ones included. */
  listOlder(): Promise<readonly string[]>;
  /** Bytes that may still be written. */
  free(): Promise<number>;
}

export interface BlobFileWriter {
  readonly file: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file durable. */
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}
