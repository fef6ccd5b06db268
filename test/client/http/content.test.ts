import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createServiceClient } from '../../../src/client/http/service-client.ts';
import { quickClock, testConnection } from '../scripted-hub.ts';

const length = 4 * 1024 * 1024;

async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < length; at += 65_536) yield Buffer.alloc(65_536, at / 65_536);
}

/** Sends content to a server that answers as told. */
async function send(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createServiceClient(
    { ...testConnection, serviceUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    { clock: quickClock(), random: () => 0.5 },
  );
  try {
    return await client.request({ method: 'PUT', path: '/x', content: { length, bytes: pieces }, action: 'send' });
  } finally {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function readAll(request: IncomingMessage): Promise<number> {
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) size += chunk.length;
  return size;
}

test('content arrives whole, with its length', async () => {
  const { body } = await send((request, response) => {
    void readAll(request).then((size) => response.end(`${size} ${request.headers['content-length']}`));
  });
  expect(body).toBe(`${length} ${length}`);
});

test('when an answer comes before the content is sent, then no more is sent and it is the answer', async () => {
  const work = send((_request, response) => {
    response
      .writeHead(507, { 'iothub-errorcode': 'InsufficientStorage' })
      .end('{"Message":"ErrorCode:InsufficientStorage;full"}');
  });
  await expect(work).rejects.toMatchObject({ code: 'disk-full', message: 'cannot send: full' });
});

test('when the connection is cut, then all of it is sent again', async () => {
  let tries = 0;
  const { body, afterLostReply } = await send((request, response) => {
    tries += 1;
    if (tries === 1) request.once('data', () => request.destroy());
    else void readAll(request).then((size) => response.end(String(size)));
  });
  expect([body, afterLostReply]).toEqual([String(length), true]);
});
