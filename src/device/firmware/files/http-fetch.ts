import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { rootCertificates } from 'node:tls';
import { sleep, type Clock } from '../../../std/clock.ts';
import { messageOf } from '../../../std/message-of.ts';
import { createTokenBucket, type TokenBucket } from '../../../std/token-bucket.ts';
import { isUntrustedCertificate } from '../../../std/untrusted-certificate.ts';
import { FetchProblem, type FetchAnswer, type FetchFirmware, type FetchRequest } from '../ports.ts';

export interface HttpFetchOptions {
  readonly clock: Clock;
  /** PEM of a CA to trust beside the usual ones. */
  readonly ca?: string | undefined;
  /** The most that is fetched; without a limit when absent. */
  readonly bytesPerSecond?: number | undefined;
  /** Silence after which an answer is given up and asked for again. */
  readonly silenceMs?: number;
}

const mostRedirects = 5;

/** Fetches files over HTTP and HTTPS, also from the middle. The queries of addresses are secrets: no message holds one. */
export function httpFetch(options: HttpFetchOptions): FetchFirmware {
  const { bytesPerSecond, clock } = options;
  const bucket =
    bytesPerSecond === undefined
      ? undefined
      : createTokenBucket(bytesPerSecond, Math.max(1_024, bytesPerSecond / 4), clock);
  return async (request) => {
    let url = readUrl(request.url, undefined);
    for (let redirects = 0; ; redirects++) {
      const response = await ask(url, request, options);
      const { statusCode = 0, headers } = response;
      const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
      if (!isRedirect || headers.location === undefined) return readAnswer(response, { url, request, bucket, options });
      response.destroy();
      if (redirects >= mostRedirects) throw new FetchProblem('refused', `${nameOf(url)} redirects too often`);
      url = readUrl(headers.location, url);
    }
  };
}

/** Only the web, and not from TLS back to plain text. */
function readUrl(text: string, from: URL | undefined): URL {
  const url = URL.parse(text, from?.href);
  if (url === null) throw new FetchProblem('refused', 'the address is none');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchProblem('refused', `the address is of the kind ${url.protocol}`);
  if (from?.protocol === 'https:' && url.protocol === 'http:')
    throw new FetchProblem('refused', `${nameOf(from)} redirects to plain text`);
  return url;
}

function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 200);
}

function ask(url: URL, request: FetchRequest, options: HttpFetchOptions): Promise<IncomingMessage> {
  const { from, etag, signal } = request;
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'iotctl' };
  if (from > 0) headers['range'] = `bytes=${from}-`;
  if (from > 0 && etag !== undefined) headers['if-range'] = etag;
  const ca = options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] };
  const asked: RequestOptions = { method: 'GET', headers, signal, agent: false, ...(url.protocol === 'https:' && ca) };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? requestTls : requestPlain)(url, asked, (response) => {
      silence();
      resolve(response);
    });
    const silence = options.clock.after(options.silenceMs ?? defaultSilenceMs, () =>
      outgoing.destroy(new Error('there was no answer')),
    );
    outgoing.once('error', (error) => {
      silence();
      const kind = isUntrustedCertificate(error) ? 'refused' : 'broken';
      reject(new FetchProblem(kind, `${nameOf(url)}: ${messageOf(error)}`, error));
    });
    outgoing.end();
  });
}

const defaultSilenceMs = 30_000;

interface Asked {
  readonly url: URL;
  readonly request: FetchRequest;
  readonly bucket: TokenBucket | undefined;
  readonly options: HttpFetchOptions;
}

function readAnswer(response: IncomingMessage, asked: Asked): FetchAnswer {
  try {
    return { ...readHead(response, asked.request, nameOf(asked.url)), body: bodyOf(response, asked) };
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** What an answer says of itself. FetchProblem for one that does not fit the question. */
function readHead(
  response: IncomingMessage,
  { from, etag: asked }: FetchRequest,
  name: string,
): Omit<FetchAnswer, 'body'> {
  const { statusCode = 0, headers } = response;
  const wrong = (words: string): FetchProblem => new FetchProblem('wrong', `${name} ${words}`);
  if (statusCode === 416) throw wrong('has nothing at that place');
  if (statusCode !== 200 && statusCode !== 206) {
    const isPassing = statusCode >= 500 || [408, 425, 429].includes(statusCode);
    const later = [429, 503].includes(statusCode) ? delayOf(headers['retry-after']) : undefined;
    throw new FetchProblem(isPassing ? 'broken' : 'refused', `${name} answered with ${statusCode}`, undefined, later);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new FetchProblem('refused', `${name} answered in the encoding ${encoding.slice(0, 40)}`);
  const etag = strongEtag(headers.etag);
  if (statusCode === 200) return { from: 0, total: lengthOf(headers['content-length']), etag };
  const [, start, end, total] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (start === undefined || end === undefined) throw wrong('does not say which part it answers with');
  if (Number(start) !== from || Number(end) < from)
    throw wrong(`answered with the bytes ${start}-${end} instead of those from ${from}`);
  if (asked !== undefined && etag !== undefined && etag !== asked) throw wrong('has changed meanwhile');
  return { from, total: total === '*' ? undefined : lengthOf(total), etag: etag ?? asked };
}

/** Milliseconds; the form with a date is not for devices, whose clocks may be wrong. */
function delayOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
}

/** Weak ones say nothing about bytes. */
function strongEtag(text: string | undefined): string | undefined {
  return text !== undefined && /^"[^"]{0,256}"$/.test(text) ? text : undefined;
}

function lengthOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function* bodyOf(
  response: IncomingMessage,
  { url, request, bucket, options }: Asked,
): AsyncGenerator<Uint8Array> {
  const { clock, silenceMs = defaultSilenceMs } = options;
  const chunks = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      // Counted only while something is awaited: who fetches slowly on purpose is not kept waiting by the server.
      const cancel = clock.after(silenceMs, () =>
        response.destroy(new Error(`nothing came for ${silenceMs / 1_000} s`)),
      );
      const next = await chunks.next().finally(cancel);
      if (next.done === true) return;
      const chunk = next.value as Uint8Array;
      yield chunk;
      if (bucket === undefined) continue;
      bucket.take(chunk.byteLength);
      const pause = bucket.waitFor(1);
      if (pause > 0) await sleep(clock, pause, request.signal);
    }
  } catch (error) {
    throw error instanceof FetchProblem
      ? error
      : new FetchProblem('broken', `${nameOf(url)}: ${messageOf(error)}`, error);
  } finally {
    response.destroy();
  }
}
