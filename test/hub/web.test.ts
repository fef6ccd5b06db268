import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BlobService } from '../../src/hub/core/blobs/service.ts';
import type { HttpFront } from '../../src/hub/http/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { joinBlobs } from '../../src/hub/web.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let server: Server;
let asked: string[];
let bodies: Buffer[];

beforeEach(async () => {
  clock = fakeClock();
  asked = [];
  bodies = [];
  const rest = {
    handle(request: IncomingMessage) {
      asked.push(`rest ${request.url}`);
      request.resume();
    },
    close: () => Promise.resolve(),
  } as unknown as HttpFront;
  const blobs = {
    authorize: () => Promise.resolve(new Set(['w'])),
    async put(place, content) {
      asked.push(`blob ${place.container} ${place.blob}`);
      for await (const chunk of content.bytes) bodies.push(Buffer.from(chunk));
      throw new Error('the body ended');
    },
  } as Partial<BlobService> as BlobService;
  const front = joinBlobs(rest, blobs, { clock, log: silentLog });
  server = createServer(front.handle.bind(front));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function send(method: string, path: string): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  const before = asked.length;
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: 1000\r\n\r\nhalf`,
  );
  await expect.poll(() => asked.length).toBe(before + 1);
  return socket;
}

test.each([
  ['/blobs/files/a', 'blob files a'],
  ['//Blobs/files/a?x=/devices', 'blob files a'],
  ['/blobs%2Ffiles%2Fa', 'blob files a'],
  ['/devices/blobs/files', 'rest /devices/blobs/files'],
  ['/blobsX/files/a', 'rest /blobsX/files/a'],
])('when the path is %s, the request is for %s', async (path, whose) => {
  (await send('PUT', path)).destroy();
  expect(asked).toEqual([whose]);
});

test('when a small body does not come in 30 s, the connection is cut', async () => {
  const socket = await send('POST', '/devices');
  const closed = once(socket, 'close');
  await clock.advance(30_000);
  await closed;
});

test('when the body of a blob moves, it may take its time; when it stands still for 30 s, it is cut', async () => {
  const socket = await send('PUT', '/blobs/files/a');
  for (let round = 1; round <= 4; round++) {
    socket.write('more');
    await expect.poll(() => Buffer.concat(bodies).length).toBe(4 + 4 * round);
    await clock.advance(20_000);
  }
  expect(socket.closed).toBe(false);
  const closed = once(socket, 'close');
  await clock.advance(60_000);
  await closed;
});
