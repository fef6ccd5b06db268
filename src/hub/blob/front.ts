import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../std/clock.ts';
import { BlobError } from '../core/blobs/errors.ts';
import { checkPresent } from '../core/blobs/conditions.ts';
import type { BlobPermission, BlobService, BlobWrite } from '../core/blobs/service.ts';
import type { HubLog } from '../log.ts';
import { begun } from './begun.ts';
import { headersOf, sendEmpty, sendError, sendXml, stampsOf, toBlobError } from './answers.ts';
import { discardBody, watchBody, type BodyPace } from '../request-body.ts';
import { listContainer } from './list.ts';
import {
  blobOf,
  conditionsOf,
  contentOf,
  descriptionOf,
  rangeOf,
  readAddress,
  readText,
  textHeader,
  type BlobRequest,
} from './request.ts';
import { blockListXml, parseBlockList } from './xml.ts';

interface BlobFrontParts {
  readonly blobs: BlobService;
  readonly clock: Clock;
  readonly log: HubLog;
  /** How fast bodies have to come; the default when absent. */
  readonly pace?: BodyPace | undefined;
  /** Told of each connection whose peer has shown that it may come. */
  readonly known?: ((stream: object) => void) | undefined;
}

/** Handles requests for which {@link isBlobRequest} is true; bodies are streams in both directions. */
type BlobFront = (request: IncomingMessage, response: ServerResponse) => void;

/** One request, its caller admitted. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly asked: BlobRequest;
  readonly allowed: ReadonlySet<BlobPermission>;
}

type Operation = (blobs: BlobService, exchange: Exchange) => Promise<void>;

/** The REST form of Azure Blob Storage, for block blobs. Source: @azure/storage-blob. */
export function createBlobFront({ blobs, clock, log, pace, known }: BlobFrontParts): BlobFront {
  async function handle(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const stopWatching = watchBody(request, clock, pace);
    try {
      const asked = readAddress(request.url ?? '');
      const operation = operationOf(request.method ?? '', asked);
      const allowed = await blobs.authorize(asked, asked.query);
      known?.(request.socket);
      await operation(blobs, { request, response, asked, allowed });
    } catch (error) {
      refuse(request, response, error, requestId);
    } finally {
      stopWatching();
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, requestId: string): void {
    const refusal = toBlobError(error);
    // The query holds the signature, so only the path is told.
    const facts = { method: request.method, path: request.url?.split('?', 1)[0], status: refusal.status, requestId };
    const gone = request.destroyed && !request.complete;
    if (refusal === error || gone) log.debug({ ...facts, code: refusal.code }, 'blob request refused');
    else log.error({ ...facts, err: error }, 'blob request failed');
    if (response.headersSent || gone) {
      response.destroy();
      return;
    }
    discardBody(request);
    sendError(response, refusal, { requestId, now: clock.now(), head: request.method === 'HEAD' });
  }

  return (request, response) => {
    const requestId = randomUUID();
    response.on('error', () => undefined);
    response.setHeader('x-ms-request-id', requestId);
    const version = textHeader(request.headers, 'x-ms-version');
    if (version !== undefined && /^[\d-]{1,20}$/.test(version)) response.setHeader('x-ms-version', version);
    const clientId = textHeader(request.headers, 'x-ms-client-request-id');
    if (clientId !== undefined && clientId.length <= 1_024) response.setHeader('x-ms-client-request-id', clientId);
    void handle(request, response, requestId);
  };
}

function operationOf(method: string, { blob, query }: BlobRequest): Operation {
  const part = query.get('comp') ?? '';
  const name = blob === undefined ? `${method} container ${part}` : `${method} ${part}`;
  const operation = Object.hasOwn(operations, name.trim()) ? operations[name.trim()] : undefined;
  if (operation !== undefined) return operation;
  if (['GET', 'HEAD', 'PUT', 'DELETE'].includes(method))
    throw new BlobError('NotImplemented', 'The blob endpoint of this hub does not offer this.');
  throw new BlobError('UnsupportedHttpVerb', 'The blob endpoint does not know this method.');
}

const operations: Readonly<Record<string, Operation>> = {
  async PUT(blobs, exchange) {
    const { request, response, asked } = exchange;
    if (textHeader(request.headers, 'x-ms-copy-source') !== undefined)
      throw new BlobError('NotImplemented', 'The blob endpoint of this hub does not copy from elsewhere.');
    if (textHeader(request.headers, 'x-ms-blob-type') !== 'BlockBlob')
      throw new BlobError('InvalidHeaderValue', 'x-ms-blob-type must be BlockBlob.');
    const stored = await blobs.put(blobOf(asked), contentOf(request), writeOf(exchange));
    sendEmpty(response, 201, {
      ...stampsOf(stored),
      ...(stored.contentMd5 !== undefined && { 'content-md5': stored.contentMd5 }),
      'x-ms-request-server-encrypted': 'false',
    });
  },
  async 'PUT block'(blobs, { request, response, asked, allowed }) {
    demand(allowed, 'w', 'c');
    const md5 = await blobs.putBlock(blobOf(asked), asked.query.get('blockid') ?? '', contentOf(request));
    sendEmpty(response, 201, { 'content-md5': md5, 'x-ms-request-server-encrypted': 'false' });
  },
  async 'PUT blocklist'(blobs, exchange) {
    const { request, response, asked } = exchange;
    const write = writeOf(exchange);
    const blocks = parseBlockList(await readText(request));
    // The type of this request's own body is that of the list.
    const contentType = textHeader(request.headers, 'x-ms-blob-content-type');
    const description = { ...write.description, contentType: contentType ?? 'application/octet-stream' };
    const stored = await blobs.putBlockList(blobOf(asked), blocks, { ...write, description });
    sendEmpty(response, 201, { ...stampsOf(stored), 'x-ms-request-server-encrypted': 'false' });
  },
  async 'GET blocklist'(blobs, { response, asked, allowed }) {
    demand(allowed, 'r');
    const { committed, uncommitted } = await blobs.blocks(blobOf(asked));
    const type = (asked.query.get('blocklisttype') ?? 'committed').toLowerCase();
    sendXml(
      response,
      200,
      blockListXml(type === 'uncommitted' ? [] : committed, type === 'committed' ? [] : uncommitted),
    );
  },
  async GET(blobs, { request, response, asked, allowed }) {
    demand(allowed, 'r');
    const blob = await blobs.open(blobOf(asked));
    try {
      const { properties } = blob;
      if (notModified(request, properties)) {
        sendEmpty(response, 304, stampsOf(properties));
        return;
      }
      const range = rangeOf(request.headers, properties.size);
      const { start, end } = range ?? { start: 0, end: properties.size };
      const { 'content-md5': md5, ...headers } = headersOf(properties);
      // The digest is that of the whole blob; with a range it goes under another name.
      const digest = md5 === undefined ? {} : { [range === undefined ? 'content-md5' : 'x-ms-blob-content-md5']: md5 };
      const part = range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${properties.size}` };
      const pieces = await begun(blob.bytes(start, end));
      response.writeHead(range === undefined ? 200 : 206, {
        ...headers,
        ...digest,
        ...part,
        'content-length': String(end - start),
      });
      await pipeline(pieces, response);
    } finally {
      blob.release();
    }
  },
  async HEAD(blobs, { request, response, asked, allowed }) {
    demand(allowed, 'r');
    const properties = await blobs.properties(blobOf(asked));
    if (notModified(request, properties)) {
      sendEmpty(response, 304, stampsOf(properties));
      return;
    }
    response.writeHead(200, { ...headersOf(properties), 'content-length': String(properties.size) }).end();
  },
  async DELETE(blobs, { request, response, asked, allowed }) {
    demand(allowed, 'd');
    await blobs.remove(blobOf(asked), conditionsOf(request.headers));
    sendEmpty(response, 202, { 'x-ms-delete-type-permanent': 'true' });
  },
  async 'GET container list'(blobs, { request, response, asked, allowed }) {
    demand(allowed, 'l');
    const endpoint = `https://${textHeader(request.headers, 'host') ?? 'localhost'}/`;
    sendXml(response, 200, await listContainer(blobs, asked.container, asked.query, endpoint));
  },
};

/** A read of a blob that the caller has already is answered without it; other preconditions refuse. */
function notModified(request: IncomingMessage, properties: Parameters<typeof checkPresent>[1]): boolean {
  const { ifMatch, ifUnmodifiedSince, ...cached } = conditionsOf(request.headers);
  checkPresent({ ifMatch, ifUnmodifiedSince }, properties);
  try {
    checkPresent(cached, properties);
    return false;
  } catch {
    return true;
  }
}

function writeOf({ request, allowed }: Exchange): BlobWrite {
  demand(allowed, 'w', 'c');
  return {
    description: descriptionOf(request.headers),
    conditions: conditionsOf(request.headers),
    mayReplace: allowed.has('w'),
  };
}

function demand(allowed: ReadonlySet<BlobPermission>, ...anyOf: readonly BlobPermission[]): void {
  if (!anyOf.some((permission) => allowed.has(permission)))
    throw new BlobError('AuthorizationPermissionMismatch', 'The signature does not allow this.');
}
