import type { ServerResponse } from 'node:http';
import { toFailure } from '../../errors/index.ts';
import { BlobError } from '../core/blobs/errors.ts';
import type { BlobProperties } from '../core/blobs/service.ts';
import { errorXml, xmlType } from './xml.ts';

/** Sends an answer without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (status !== 304 && status !== 204) response.setHeader('content-length', '0');
  response.writeHead(status).end();
}

export function sendXml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': xmlType, 'content-length': String(Buffer.byteLength(text)) }).end(text);
}

/** What clients read about a stored blob. */
export function stampsOf({ etag, modifiedAt }: BlobProperties): Record<string, string> {
  return { etag, 'last-modified': new Date(modifiedAt).toUTCString() };
}

export function headersOf(blob: BlobProperties): Record<string, string> {
  const optional = {
    'content-type': blob.contentType,
    'content-encoding': blob.contentEncoding,
    'content-language': blob.contentLanguage,
    'content-disposition': blob.contentDisposition,
    'cache-control': blob.cacheControl,
    'content-md5': blob.contentMd5,
  };
  const headers: Record<string, string> = {
    ...stampsOf(blob),
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-creation-time': new Date(blob.createdAt).toUTCString(),
    'x-ms-lease-status': 'unlocked',
    'x-ms-lease-state': 'available',
    'x-content-type-options': 'nosniff',
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) headers[name] = value;
  for (const [name, value] of Object.entries(blob.metadata)) headers[`x-ms-meta-${name}`] = value;
  return headers;
}

/** Whatever was thrown, as a refusal; what is not one becomes one without its text: internals stay inside. */
export function toBlobError(error: unknown): BlobError {
  if (error instanceof BlobError) return error;
  if (toFailure(error).code === 'disk-full')
    return new BlobError('InsufficientStorage', 'The disk of the hub is full, so nothing was stored.');
  return new BlobError('InternalError', 'The hub failed to handle the request.');
}

export function sendError(
  response: ServerResponse,
  { code, status, message }: BlobError,
  facts: { readonly requestId: string; readonly now: number; readonly head: boolean },
): void {
  response.setHeader('x-ms-error-code', code);
  if (facts.head) {
    response.writeHead(status).end();
    return;
  }
  const time = new Date(facts.now).toISOString();
  sendXml(response, status, errorXml(code, `${message}\nRequestId:${facts.requestId}\nTime:${time}`));
}
