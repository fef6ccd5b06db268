import type * as Http from 'node:http';
import type * as Https from 'node:https';
import { createRequire } from 'node:module';
import { defaultLimits, type HubLimits } from '../limits/index.ts';
import { tlsOptions, type CertificatePair } from '../tls/index.ts';
import { isWebSocketPath, type Upgrade } from '../websocket/index.ts';
import type { HttpFront } from './app.ts';
import { cutStalled } from './stalled.ts';

// An ESM import of node:http evaluates each of its exports, and with them the fetch and WebSocket stack: 9 MB of memory that a hub
// never uses. A require leaves them asleep.
const load = createRequire(import.meta.url);
const { createServer: createPlainServer } = load('node:http') as typeof Http;
const { createServer: createTlsServer } = load('node:https') as typeof Https;

export interface WebLimits {
  readonly limits: HubLimits['http'] & Pick<HubLimits['connections'], 'handshakeMs'>;
  /** True when each connection is needed for others. */
  readonly isFull: () => boolean;
}

/** How often connections are looked through for those whose headers are late. */
const checkingMs = 1_000;

/** A client that does not get on with its request is cut off; answers, streams among them, may take their time. */
function optionsOf(limits: HubLimits['http']): Http.ServerOptions {
  return {
    headersTimeout: limits.headersMs,
    // Bodies have limits of their own, because an uploaded file may take longer than a request of the API: see ../web.ts.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: checkingMs,
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
    keepAlive: true,
    // Some clients offer HTTP/2 with every plain request; it is not taken, the request is.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  };
}

const noLimits: WebLimits = {
  limits: { ...defaultLimits.http, handshakeMs: defaultLimits.connections.handshakeMs },
  isFull: () => false,
};

/** A server over the front, plain or with TLS 1.2 and up; not listening yet. */
export function createHttpServer(
  front: HttpFront,
  tls: CertificatePair | undefined,
  upgrade: Upgrade,
  { limits, isFull }: WebLimits = noLimits,
): Http.Server {
  const options = optionsOf(limits);
  const handle: Http.RequestListener = (request, response) => {
    watch(response);
    if (isFull()) response.shouldKeepAlive = false;
    if (isWebSocketPath(request.url)) response.writeHead(400).end();
    else front.handle(request, response);
  };
  const server =
    tls === undefined
      ? createPlainServer(options, handle)
      : createTlsServer({ ...options, ...tlsOptions(tls), handshakeTimeout: limits.handshakeMs }, handle);
  const watch = cutStalled(server, limits.writeStallMs);
  return server.on('upgrade', upgrade);
}
