import type * as Http from 'node:http';
import { createRequire } from 'node:module';
import type { HubLog } from '../log.ts';
import type { Operations, OperationsAnswer } from './operations.ts';

// See http/server.ts: a require of node:http costs less memory than an import.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof Http;

/** Whoever watches asks short questions. */
const options: Http.ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  // Node looks every 30 s by itself: so long, peers that say nothing could keep others out.
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
};

/** The server of the operations port: {@link Operations.answer} to anybody who asks, and nothing else. */
export function createOperationsServer(operations: Operations, log: HubLog): Http.Server {
  const server = createServer(options, (request, response) => {
    void answer(operations, request).then(
      ({ status, contentType, body }) => response.writeHead(status, { 'content-type': contentType }).end(body),
      (error: unknown) => {
        log.error({ err: error }, 'the operations port cannot answer');
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = 64;
  return server;
}

async function answer(operations: Operations, { method, url = '/' }: Http.IncomingMessage): Promise<OperationsAnswer> {
  const plain = { contentType: 'text/plain; charset=utf-8' };
  if (method !== 'GET' && method !== 'HEAD') return { ...plain, status: 405, body: 'GET alone\n' };
  const found = await operations.answer(url.split('?', 1)[0] ?? '/');
  return found ?? { ...plain, status: 404, body: 'There are /metrics, /healthz and /readyz.\n' };
}
