/** What a blob client asks, read from its address and headers. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlobError } from '../core/blobs/errors.ts';
import { placeOfPath } from '../core/blobs/names.ts';
import {
  blobAccount,
  type BlobAddress,
  type BlobConditions,
  type BlobContent,
  type BlobDescription,
} from '../core/blobs/service.ts';

/** True for a request of the blob endpoint; everything else is the hub's. */
export function isBlobRequest(url: string | undefined): boolean {
  return url !== undefined && blobUrl.test(url);
}

const blobUrl = new RegExp(`^/+${blobAccount}(?:/|%2f)`, 'i');
const longestBlockList = 8 * 1024 * 1024;
const mostMetadata = 8_192;

export interface BlobRequest {
  readonly container: string;
  /** Undefined for the container as a whole. */
  readonly blob: string | undefined;
  readonly query: URLSearchParams;
}

/** BlobError InvalidUri. */
export function readAddress(url: string): BlobRequest {
  const cut = url.indexOf('?');
  const path = decodePath(cut < 0 ? url : url.slice(0, cut));
  const place = placeOfPath(path);
  if (place === undefined) throw new BlobError('InvalidUri', 'The address names no container.');
  return { ...place, query: new URLSearchParams(cut < 0 ? '' : url.slice(cut + 1)) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new BlobError('InvalidUri', 'The address is not encoded properly.');
  }
}

/** The address of one blob. BlobError InvalidUri. */
export function blobOf({ container, blob }: BlobRequest): BlobAddress {
  if (blob === undefined) throw new BlobError('InvalidUri', 'The address names no blob.');
  return { container, blob };
}

export function contentOf(request: IncomingMessage): BlobContent {
  const { headers } = request;
  const length = headers['content-length'];
  return {
    // A refusal in the midst of a body must not cut the connection that the answer takes.
    bytes: request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
    length: length === undefined ? undefined : Number(length),
    md5: textHeader(headers, 'content-md5'),
  };
}

/** `x-ms-blob-…` says what the blob is; where it is silent, the request's own headers do. */
export function descriptionOf(headers: IncomingHttpHeaders): BlobDescription {
  return {
    contentType: textHeader(headers, 'x-ms-blob-content-type') ?? textHeader(headers, 'content-type'),
    contentEncoding: textHeader(headers, 'x-ms-blob-content-encoding'),
    contentLanguage: textHeader(headers, 'x-ms-blob-content-language'),
    contentDisposition: textHeader(headers, 'x-ms-blob-content-disposition'),
    cacheControl: textHeader(headers, 'x-ms-blob-cache-control'),
    contentMd5: textHeader(headers, 'x-ms-blob-content-md5'),
    metadata: metadataOf(headers),
  };
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const pairs: [string, string][] = [];
  let size = 0;
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith('x-ms-meta-') || typeof value !== 'string') continue;
    const name = header.slice('x-ms-meta-'.length);
    size += name.length + value.length;
    if (!/^[a-z_]\w*$/.test(name) || name === '__proto__' || size > mostMetadata)
      throw new BlobError(
        'InvalidHeaderValue',
        `Metadata has names of letters, digits and _, and ${mostMetadata} bytes.`,
      );
    pairs.push([name, value]);
  }
  return Object.fromEntries(pairs);
}

export function conditionsOf(headers: IncomingHttpHeaders): BlobConditions {
  return {
    ifMatch: textHeader(headers, 'if-match'),
    ifNoneMatch: textHeader(headers, 'if-none-match'),
    ifModifiedSince: timeHeader(headers, 'if-modified-since'),
    ifUnmodifiedSince: timeHeader(headers, 'if-unmodified-since'),
  };
}

function timeHeader(headers: IncomingHttpHeaders, name: string): number | undefined {
  const text = textHeader(headers, name);
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new BlobError('InvalidHeaderValue', `${name} is not a date.`);
  return time;
}

/** A header's text; undefined when absent or empty. */
export function textHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The bytes asked for, end excluded; undefined for all of them. BlobError InvalidRange. */
export function rangeOf(headers: IncomingHttpHeaders, size: number): { start: number; end: number } | undefined {
  const text = textHeader(headers, 'x-ms-range') ?? textHeader(headers, 'range');
  const match = text === undefined ? null : /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(text.trim());
  // A range in a form that is not understood is ignored, as HTTP says.
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === undefined ? size : Math.min(size, Number(match[2]) + 1);
  if (start >= size || end <= start) throw new BlobError('InvalidRange', 'The blob has no such bytes.');
  return { start, end };
}

/** The body of Put Block List as text. BlobErrors RequestBodyTooLarge, InvalidXmlDocument. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBlockList) throw new BlobError('RequestBodyTooLarge', 'The block list is too long.');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BlobError('InvalidXmlDocument', 'The body is not UTF-8 text.');
  }
}
