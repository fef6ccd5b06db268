/** A server of one file that answers as a script says: cut off, changed, endless, slow, or wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from './memory-device.ts';

export interface FileServer {
  readonly url: string;
  readonly requests: {
    readonly range: string | undefined;
    readonly ifRange: string | undefined;
    readonly url: string;
  }[];
  /** What the next requests are answered with, one after the other; then as a good server would. */
  readonly script: Answer[];
  file: Buffer;
  close(): Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, file: Buffer) => void;

export async function startFileServer(file: Buffer): Promise<FileServer> {
  const script: Answer[] = [];
  const requests: FileServer['requests'] = [];
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const { range, 'if-range': ifRange } = request.headers;
    requests.push({ range, ifRange: typeof ifRange === 'string' ? ifRange : undefined, url: request.url ?? '' });
    (script.shift() ?? good)(request, response, fileServer.file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fileServer: FileServer = {
    url: `http://127.0.0.1:${port}/pump.bin`,
    requests,
    script,
    file,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return fileServer;
}

export function etagOf(file: Buffer): string {
  return `"${sha256(file).slice(0, 16)}"`;
}

/** Serves ranges as RFC 9110 §14 has it. */
const good: Answer = (request, response, file) => {
  const { from, body } = partOf(request, file);
  head(response, file, from);
  response.end(body);
};

/** So many bytes of the body, and then the connection is reset. */
export function cutAfter(bytes: number): Answer {
  return (request, response, file) => {
    const { from, body } = partOf(request, file);
    head(response, file, from);
    response.flushHeaders();
    if (bytes === 0) setImmediate(() => response.destroy());
    else response.write(body.subarray(0, bytes), () => setImmediate(() => response.destroy()));
  };
}

/** So many bytes, and then nothing. */
export function silentAfter(bytes: number): Answer {
  return (request, response, file) => {
    const { from, body } = partOf(request, file);
    head(response, file, from);
    response.write(body.subarray(0, bytes));
  };
}

/** Bytes without an end and without a length. */
export const endless: Answer = (_, response) => {
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(16_384), () => setImmediate(more));
  };
  more();
};

export function status(
  code: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Answer {
  return (_, response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
}

function partOf(request: IncomingMessage, file: Buffer): { from: number; body: Buffer } {
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === etagOf(file);
  const from = isSame ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  return { from, body: file.subarray(from) };
}

function head(response: ServerResponse, file: Buffer, from: number): void {
  const length = file.length - from;
  if (from === 0) response.writeHead(200, { etag: etagOf(file), 'content-length': length });
  else
    response.writeHead(206, {
      etag: etagOf(file),
      'content-length': length,
      'content-range': `bytes ${from}-${file.length - 1}/${file.length}`,
    });
}
