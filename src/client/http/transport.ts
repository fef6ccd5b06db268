/** One HTTP exchange with the hub: keep-alive connections, the profile's CA, a deadline, an abort signal. Knows nothing of IoT Hub. */
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { Failure, toFailure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import { proxyAgent, type Environment } from '../proxy.ts';
import { readCa } from '../read-ca.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Instead of a body. */
  readonly content?: StreamedContent | undefined;
  /** Until the answer is whole (`send`) or its head is there (`open`); with content from when it last moved. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A body that is never in memory as a whole. */
export interface StreamedContent {
  readonly length: number;
  /** From the beginning, for each try. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** Told how many bytes of this try the system has taken. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Transport {
  /** Rejects with the signal's reason, a {@link TimeoutError}, or the system's error. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Gives the response as soon as its head is there; the caller reads or destroys it. */
  open(request: HttpRequest): Promise<IncomingMessage>;
  close(): void;
}

/** The hub did not answer within the time for one try. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}

export interface TransportOptions {
  /** `https://host:port`, or `http://` on loopback. */
  readonly baseUrl: URL;
  /** PEM file; when set, nothing else is trusted. */
  readonly caFile?: string | undefined;
  readonly clock: Clock;
  /** Where the proxy variables are looked for. */
  readonly env?: Environment | undefined;
}

const largestResponse = 64 * 1024 * 1024;
/** Below the 5 s after which Node servers drop an idle connection, so that a request never meets a dying one. */
const idleSocketMs = 4_000;
const maxSockets = 256;

interface Wire {
  readonly agent: Agent;
  readonly request: (url: URL, options: RequestOptions) => ClientRequest;
}

export function createTransport(options: TransportOptions): Transport {
  let wire: Promise<Wire> | undefined;
  const begin = async (request: HttpRequest): Promise<{ response: IncomingMessage; stop: () => void }> => {
    request.signal?.throwIfAborted();
    const { agent, request: start } = await (wire ??= openWire(options));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = request.body === undefined ? undefined : Buffer.from(request.body, 'utf8');
    const length = request.content?.length ?? body?.length;
    const headers = { ...request.headers, ...(length !== undefined && { 'Content-Length': String(length) }) };
    const outgoing = start(new URL(request.path, options.baseUrl), { method: request.method, headers, agent });
    const onAbort = (): void => {
      outgoing.destroy(request.signal?.reason as Error);
    };
    const timer = startTimer(options.clock, request.timeoutMs, () => {
      outgoing.destroy(new TimeoutError(`no answer in ${Math.round(request.timeoutMs / 1000)} s`));
    });
    request.signal?.addEventListener('abort', onAbort, { once: true });
    const stop = (): void => {
      timer.cancel();
      request.signal?.removeEventListener('abort', onAbort);
    };
    outgoing.on('error', reject);
    outgoing.on('response', resolve);
    if (request.content === undefined) outgoing.end(body);
    else void sendContent(outgoing, request.content, timer.restart);
    try {
      return { response: await promise, stop };
    } catch (error) {
      stop();
      throw error;
    }
  };
  return {
    async send(request) {
      const { response, stop } = await begin(request);
      try {
        return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) };
      } finally {
        stop();
      }
    },
    async open(request) {
      const { response, stop } = await begin(request);
      stop();
      const onAbort = (): void => {
        response.destroy(request.signal?.reason as Error);
      };
      request.signal?.addEventListener('abort', onAbort, { once: true });
      response.once('close', () => request.signal?.removeEventListener('abort', onAbort));
      return response;
    },
    close() {
      void wire?.then(({ agent }) => agent.destroy()).catch(() => undefined);
    },
  };
}

/** A guard that begins anew, when its time is up, as often as it was restarted meanwhile. */
function startTimer(
  clock: Clock,
  ms: number,
  onEnd: () => void,
): { readonly restart: () => void; readonly cancel: () => void } {
  let isRestarted = false;
  let cancel = clock.after(ms, check);
  // Set once for many restarts: content restarts it with every piece.
  function check(): void {
    if (isRestarted) cancel = clock.after(ms, check);
    else onEnd();
    isRestarted = false;
  }
  return { restart: () => void (isRestarted = true), cancel: () => cancel() };
}

/** Sends content as the connection takes it, until an answer comes: what is answered early wants no more of it. */
async function sendContent(
  outgoing: ClientRequest,
  { length, bytes, onProgress }: StreamedContent,
  moved: () => void,
): Promise<void> {
  let isOver = false;
  let wake: (() => void) | undefined;
  const end = (): void => {
    isOver = true;
    wake?.();
  };
  outgoing.once('response', (response: IncomingMessage) => {
    end();
    // A connection with half a request on it is of no use to the next one.
    if (!outgoing.writableFinished) response.once('end', () => outgoing.destroy());
  });
  outgoing.once('close', end);
  const write = (chunk: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      outgoing.write(chunk, () => resolve());
    });
  try {
    let sent = 0;
    for await (const chunk of bytes()) {
      if (isOver) return;
      sent += chunk.length;
      if (sent > length) break;
      await write(chunk);
      moved();
      onProgress?.(sent);
    }
    if (sent !== length)
      throw new Failure(
        'invalid-input',
        `what is sent has not the length of ${length} bytes; was it changed meanwhile?`,
      );
    outgoing.end();
  } catch (error) {
    // What cannot be read here is no fault of the network.
    outgoing.destroy(toFailure(error));
  }
}

async function openWire(options: TransportOptions): Promise<Wire> {
  const agentOptions = { keepAlive: true, maxSockets, timeout: idleSocketMs, scheduling: 'lifo' as const };
  if (options.baseUrl.protocol === 'http:') {
    const http = await import('node:http');
    return { agent: new http.Agent(agentOptions), request: http.request };
  }
  const https = await import('node:https');
  const ca = options.caFile === undefined ? undefined : await readCa(options.caFile);
  const secureOptions = { ...agentOptions, ...(ca !== undefined && { ca }) };
  const throughProxy = await proxyAgent(options.baseUrl, options.env ?? {}, secureOptions);
  return { agent: throughProxy ?? new https.Agent(secureOptions), request: https.request };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestResponse) throw new Failure('hub-failed', 'the answer of the hub is larger than 64 MB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
