import type * as Http from 'node:http';
import type * as Https from 'node:https';
import { createRequire } from 'node:module';
import { tlsOptions, type CertificatePair } from '../tls/index.ts';
import { isWebSocketPath, type Upgrade } from '../websocket/index.ts';
import type { HttpFront } from './app.ts';

// An ESM import of node:http evaluates each of its exports, and with them the fetch and WebSocket stack: 9 MB of memory that a hub
// never uses. A require leaves them asleep.
const load = createRequire(import.meta.url);
const { createServer: createPlainServer } = load('node:http') as typeof Http;
const { createServer: createTlsServer } = load('node:https') as typeof Https;

/** A client that does not get on with its request is cut off; answers, streams among them, may take their time. */
const timeouts: Http.ServerOptions = {
  headersTimeout: 8_000,
  // Bodies have limits of their own, because an uploaded file may take longer than a request of the API: see ../web.ts.
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
  keepAlive: true,
};

const options: Http.ServerOptions = {
  ...timeouts,
  // Some clients offer HTTP/2 with every plain request; it is not taken, the request is.
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
};

/** A server over the front, plain or with TLS 1.2 and up; not listening yet. */
export function createHttpServer(front: HttpFront, tls: CertificatePair | undefined, upgrade: Upgrade): Http.Server {
  const handle: Http.RequestListener = (request, response) => {
    if (isWebSocketPath(request.url)) response.writeHead(400).end();
    else front.handle(request, response);
  };
  const server =
    tls === undefined
      ? createPlainServer(options, handle)
      : createTlsServer({ ...options, ...tlsOptions(tls) }, handle);
  return server.on('upgrade', upgrade);
}
