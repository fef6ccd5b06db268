/** One JSON request to another server: a webhook, or another hub. Bounded in time and in what is read. */
import type * as Http from 'node:http';
import type * as Https from 'node:https';
import { createRequire } from 'node:module';

export interface ExchangeRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** PEM; the system's authorities when absent. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly text: string;
}

const largestAnswer = 1024 * 1024;

// An ESM import of node:http evaluates the fetch stack with it: see ../http/server.ts.
const load = createRequire(import.meta.url);

/** Rejects when nothing answers in time or the answer is too large; redirects are answers. */
export function exchange(request: ExchangeRequest): Promise<ExchangeAnswer> {
  const { method, url, headers, body, ca, timeoutMs } = request;
  const { request: start } =
    url.protocol === 'https:' ? (load('node:https') as typeof Https) : (load('node:http') as typeof Http);
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const answer = Promise.withResolvers<ExchangeAnswer>();
  const outgoing = start(url, {
    method,
    agent: false,
    ...(ca !== undefined && { ca }),
    // Covers the whole exchange, however slowly the other side writes.
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      Accept: 'application/json',
      ...(bytes && { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length }),
      ...headers,
    },
  });
  outgoing.on('error', (error) => answer.reject(isTimeout(error) ? new Error('no answer in time') : error));
  outgoing.on('response', (response) => {
    readText(response).then(
      (text) => answer.resolve({ status: response.statusCode ?? 0, text }),
      (error: unknown) => {
        outgoing.destroy();
        answer.reject(error instanceof Error && isTimeout(error) ? new Error('no answer in time') : error);
      },
    );
  });
  outgoing.end(bytes);
  return answer.promise;
}

async function readText(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > largestAnswer) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isTimeout(error: Error): boolean {
  return error.name === 'AbortError' || error.name === 'TimeoutError';
}
