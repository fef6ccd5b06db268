/** The little XML that blob clients speak. */
import { BlobError } from '../core/blobs/errors.ts';
import type { BlobPage, BlobProperties, BlockEntry, BlockReference } from '../core/blobs/service.ts';

const declaration = '<?xml version="1.0" encoding="utf-8"?>';
export const xmlType = 'application/xml';

export function errorXml(code: string, message: string): string {
  return `${declaration}<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
}

export interface ListView {
  readonly serviceEndpoint: string;
  readonly container: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly marker: string;
  readonly withMetadata: boolean;
}

/** A page of a container. `folders` are the common beginnings that stand for the blobs below them. */
export function listXml(view: ListView, page: BlobPage, folders: readonly string[], nextMarker: string): string {
  const blobs = page.blobs.map((blob) => blobXml(blob, view.withMetadata)).join('');
  const prefixes = folders.map((name) => `<BlobPrefix>${element('Name', name)}</BlobPrefix>`).join('');
  return [
    declaration,
    `<EnumerationResults ServiceEndpoint="${escapeXml(view.serviceEndpoint)}" ContainerName="${escapeXml(view.container)}">`,
    element('Prefix', view.prefix),
    element('Marker', view.marker),
    element('MaxResults', String(view.limit)),
    view.delimiter === '' ? '' : element('Delimiter', view.delimiter),
    `<Blobs>${blobs}${prefixes}</Blobs>`,
    element('NextMarker', nextMarker),
    '</EnumerationResults>',
  ].join('');
}

function blobXml(blob: BlobProperties, withMetadata: boolean): string {
  const properties = [
    element('Creation-Time', new Date(blob.createdAt).toUTCString()),
    element('Last-Modified', new Date(blob.modifiedAt).toUTCString()),
    element('Etag', blob.etag.replaceAll('"', '')),
    element('Content-Length', String(blob.size)),
    element('Content-Type', blob.contentType ?? ''),
    element('Content-Encoding', blob.contentEncoding ?? ''),
    element('Content-Language', blob.contentLanguage ?? ''),
    element('Content-MD5', blob.contentMd5 ?? ''),
    element('Cache-Control', blob.cacheControl ?? ''),
    element('Content-Disposition', blob.contentDisposition ?? ''),
    element('BlobType', 'BlockBlob'),
    element('LeaseStatus', 'unlocked'),
    element('LeaseState', 'available'),
  ].join('');
  const metadata = Object.entries(blob.metadata)
    .map(([name, value]) => element(name, value))
    .join('');
  return `<Blob>${element('Name', blob.name)}<Properties>${properties}</Properties>${withMetadata ? `<Metadata>${metadata}</Metadata>` : ''}</Blob>`;
}

export function blockListXml(committed: readonly BlockEntry[], uncommitted: readonly BlockEntry[]): string {
  return (
    `${declaration}<BlockList><CommittedBlocks>${entries(committed)}</CommittedBlocks>` +
    `<UncommittedBlocks>${entries(uncommitted)}</UncommittedBlocks></BlockList>`
  );
}

function entries(blocks: readonly BlockEntry[]): string {
  return blocks.map(({ id, size }) => `<Block>${element('Name', id)}${element('Size', String(size))}</Block>`).join('');
}

const entryPattern = /\s*<(Latest|Committed|Uncommitted)>([^<]*)<\/\1>/gy;

/** Around the entries. No two parts of it can take the same white space: a body of nothing else must not hold up the hub. */
const declarationPattern = /^<\?xml[^>]*\?>\s*/;
const openPattern = /^<BlockList\s*(\/?)>/;
const listEnd = '</BlockList>';

/** Reads the body of Put Block List. Nothing but its own elements is understood. BlobError InvalidXmlDocument. */
export function parseBlockList(text: string): BlockReference[] {
  // This also takes a byte order mark away.
  const list = text.trim().replace(declarationPattern, '');
  const open = openPattern.exec(list);
  if (open === null) throw notXml();
  const isEmpty = open[1] === '/';
  if (isEmpty ? list.length > open[0].length : !list.endsWith(listEnd)) throw notXml();
  return isEmpty ? [] : parseEntries(list.slice(open[0].length, -listEnd.length));
}

function parseEntries(inner: string): BlockReference[] {
  const references: BlockReference[] = [];
  let read = 0;
  for (const match of inner.matchAll(entryPattern)) {
    const from = (match[1] ?? '').toLowerCase() as BlockReference['from'];
    references.push({ id: unescapeXml((match[2] ?? '').trim()), from });
    read = match.index + match[0].length;
  }
  if (inner.slice(read).trim() !== '') throw notXml();
  return references;
}

function notXml(): BlobError {
  return new BlobError('InvalidXmlDocument', 'The body is not a block list.');
}

function element(name: string, text: string): string {
  return text === '' ? `<${name} />` : `<${name}>${escapeXml(text)}</${name}>`;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp|#43|#47|#61|#x2[bBfF]|#x3[dD]);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return String.fromCodePoint(code);
  });
}
