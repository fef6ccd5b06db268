/** Blobs and their blocks as they are kept in the document store. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore, StoredDocument } from '../ports.ts';
import { blobKey } from './names.ts';
import type { BlobAddress, BlobProperties } from './service.ts';

const blobCollection = 'blobs';
const blockCollection = 'blob-blocks';
const pageSize = 1_000;

/** A run of a blob's bytes. `block` is the block's id in base64 when it came as one. */
export interface Segment {
  readonly file: string;
  readonly size: number;
  /** CRC-32 of the file; absent in what an older version stored. */
  readonly checksum?: number | undefined;
  readonly block?: string | undefined;
}

export interface BlobRecord extends BlobProperties {
  readonly segments: readonly Segment[];
}

/** A block that no block list has named yet. */
export interface BlockRecord {
  readonly id: string;
  readonly file: string;
  readonly size: number;
  readonly checksum?: number | undefined;
  /** Unix milliseconds. */
  readonly storedAt: number;
  /** Key in its collection. */
  readonly key: string;
}

export async function readBlob(documents: DocumentStore, address: BlobAddress): Promise<BlobRecord | undefined> {
  const value = await documents.get(blobCollection, blobKey(address));
  return value === undefined ? undefined : blobOf(address.blob, value);
}

export async function listBlobs(
  documents: DocumentStore,
  container: string,
  page: { readonly limit: number; readonly prefix: string; readonly after: string | undefined },
): Promise<readonly BlobRecord[]> {
  const start = `${container}/`;
  const found = await documents.list(blobCollection, {
    limit: page.limit,
    prefix: `${start}${page.prefix}`,
    ...(page.after !== undefined && { after: `${start}${page.after}` }),
  });
  return found.map(({ id, value }) => blobOf(id.slice(start.length), value));
}

export async function listBlocks(documents: DocumentStore, address: BlobAddress): Promise<BlockRecord[]> {
  const blocks: BlockRecord[] = [];
  for await (const document of everyDocument(documents, blockCollection, blockPrefix(address)))
    blocks.push(blockOf(document));
  return blocks;
}

export async function readBlock(documents: DocumentStore, key: string): Promise<BlockRecord | undefined> {
  const value = await documents.get(blockCollection, key);
  return value === undefined ? undefined : blockOf({ id: key, value });
}

/** Every file that a blob or a block holds. Blocks first: what becomes part of a blob meanwhile is then found in the one or the other. */
export async function* everyFile(documents: DocumentStore): AsyncGenerator<string, void, undefined> {
  for await (const document of everyDocument(documents, blockCollection, '')) yield blockOf(document).file;
  for await (const { id, value } of everyDocument(documents, blobCollection, ''))
    for (const { file } of blobOf(id, value).segments) yield file;
}

/** Whether the documents of a collection speak of files; see {@link filesOf}. */
export function holdsFiles(collection: string): boolean {
  return collection === blobCollection || collection === blockCollection;
}

/** The files that a document of such a collection speaks of. */
export function filesOf(collection: string, value: JsonObject): readonly Segment[] {
  return collection === blockCollection ? [blockOf({ id: '', value })] : blobOf('', value).segments;
}

export async function* everyBlock(documents: DocumentStore): AsyncGenerator<BlockRecord, void, undefined> {
  for await (const document of everyDocument(documents, blockCollection, '')) yield blockOf(document);
}

export function putBlobChange(address: BlobAddress, record: BlobRecord): DocumentChange {
  const { name: _name, segments, metadata, ...rest } = record;
  const value: JsonObject = { metadata: { ...metadata }, segments: segments.map(segmentValue) };
  for (const [member, item] of Object.entries(rest)) if (item !== undefined) value[member] = item;
  return { kind: 'put', collection: blobCollection, id: blobKey(address), value };
}

export function deleteBlobChange(address: BlobAddress): DocumentChange {
  return { kind: 'delete', collection: blobCollection, id: blobKey(address) };
}

export function putBlockChange(block: BlockRecord): DocumentChange {
  const { key, id, storedAt } = block;
  return { kind: 'put', collection: blockCollection, id: key, value: { id, ...fileValue(block), storedAt } };
}

export function deleteBlockChange(key: string): DocumentChange {
  return { kind: 'delete', collection: blockCollection, id: key };
}

/** Ids of blocks hold slashes, so they are written in hexadecimal; names of blobs may be long, so their digest stands for them. */
export function blockKey(address: BlobAddress, blockId: string): string {
  return `${blockPrefix(address)}${Buffer.from(blockId, 'base64').toString('hex')}`;
}

/** Names the blob that a block is sent for; its changes are made one after the other. */
export function lineOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

export function blockPrefix(address: BlobAddress): string {
  return `${address.container}/${createHash('sha256').update(address.blob).digest('hex')}/`;
}

async function* everyDocument(
  documents: DocumentStore,
  collection: string,
  prefix: string,
): AsyncGenerator<StoredDocument, void, undefined> {
  let after: string | undefined;
  for (;;) {
    const page = await documents.list(collection, { limit: pageSize, prefix, ...(after !== undefined && { after }) });
    for (const document of page) yield document;
    after = page.at(-1)?.id;
    if (page.length < pageSize || after === undefined) return;
  }
}

function segmentValue(segment: Segment): JsonObject {
  return { ...fileValue(segment), ...(segment.block !== undefined && { block: segment.block }) };
}

function fileValue({ file, size, checksum }: Segment): JsonObject {
  return { file, size, ...(checksum !== undefined && { checksum }) };
}

/** The collections have no other writer, so that what is in them has the shape it was written with. */
function blobOf(name: string, value: JsonObject): BlobRecord {
  return { ...(value as unknown as Omit<BlobRecord, 'name'>), name };
}

function blockOf({ id: key, value }: StoredDocument): BlockRecord {
  return { ...(value as unknown as Omit<BlockRecord, 'key'>), key };
}
