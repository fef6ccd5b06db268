import type { IncomingMessage, RequestOptions } from 'node:http';
import type * as Http from 'node:http';
import type * as Https from 'node:https';
import { createRequire } from 'node:module';
import type { BlobContainer } from '../../core/registry-jobs/service.ts';
import { withoutTrailing } from '../../../std/without-trailing.ts';

// Loaded when a job needs it: see http/server.ts for why not by import.
const load = createRequire(import.meta.url);

const version = '2021-12-02';
const blockBytes = 4 * 1024 * 1024;
/** Of silence. */
const timeoutMs = 30_000;
const longestError = 4_096;

/**
 * A container of Azure Blob Storage, or of what speaks like it, by an address with a signature. HTTPS alone, except on this
 * machine, where emulators speak HTTP. Nothing waits for it once the signal aborts. Throws an Error whose text can be shown: it
 * holds no signature.
 */
export function openRemoteContainer(uri: string, signal: AbortSignal): BlobContainer {
  const url = new URL(uri);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new Error('its address must begin with https');
  return {
    async write(name, bytes) {
      const ids: string[] = [];
      for await (const block of blocksOf(bytes)) {
        const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
        await send(addressOf(url, name, { comp: 'block', blockid: id }), 'PUT', signal, block);
        ids.push(id);
      }
      const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
      const xml = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
      await send(addressOf(url, name, { comp: 'blocklist' }), 'PUT', signal, xml);
    },
    async read(name) {
      const answer = await ask(addressOf(url, name, {}), 'GET', signal);
      if (answer.statusCode === 404) {
        answer.destroy();
        return undefined;
      }
      await accept(answer);
      return { size: Number(answer.headers['content-length'] ?? 0), bytes: answer };
    },
    async remove(name) {
      await send(addressOf(url, name, {}), 'DELETE', signal);
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function addressOf(container: URL, name: string, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(container);
  url.pathname = `${withoutTrailing(container.pathname, '/')}/${name.split('/').map(encodeURIComponent).join('/')}`;
  for (const [parameter, value] of Object.entries(parameters)) url.searchParams.set(parameter, value);
  return url;
}

async function send(url: URL, method: string, signal: AbortSignal, body?: Uint8Array): Promise<void> {
  const answer = await ask(url, method, signal, body);
  await accept(answer);
  answer.resume();
}

function ask(url: URL, method: string, signal: AbortSignal, body?: Uint8Array): Promise<IncomingMessage> {
  const { request } =
    url.protocol === 'https:' ? (load('node:https') as typeof Https) : (load('node:http') as typeof Http);
  const options: RequestOptions = {
    method,
    signal,
    timeout: timeoutMs,
    headers: { 'x-ms-version': version, ...(body !== undefined && { 'content-length': body.length }) },
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, resolve);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url.host} does not answer`)));
    outgoing.on('error', (error) => reject(new Error(`${url.host} cannot be reached: ${error.message}`)));
    outgoing.end(body);
  });
}

/** Rejects unless the answer is a success; its body is still to be read then. */
async function accept(answer: IncomingMessage): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer as AsyncIterable<string>) {
    text += chunk;
    if (text.length > longestError) break;
  }
  const header = answer.headers['x-ms-error-code'];
  const code = typeof header === 'string' ? header : /<Code>(\w{1,80})<\/Code>/.exec(text)?.[1];
  throw new Error(`the storage answered ${status}${code === undefined ? '' : ` ${code.slice(0, 80)}`}`);
}

async function* blocksOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < blockBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
