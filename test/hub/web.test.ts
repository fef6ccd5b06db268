import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BlobService } from '../../src/hub/core/blobs/service.ts';
import type { HttpFront } from '../../src/hub/http/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { defaultLimits } from '../../src/hub/limits/index.ts';
import { joinBlobs } from '../../src/hub/web.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let server: Server;
let asked: string[];
let bodies: Buffer[];
let read: number;

beforeEach(async () => {
  clock = fakeClock();
  asked = [];
  bodies = [];
  read = 0;
  const rest = {
    handle(request: IncomingMessage) {
      asked.push(`rest ${request.url}`);
      request.on('data', (chunk: Buffer) => (read += chunk.length));
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

async function send(method: string, path: string, length = 1_000): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  const before = asked.length;
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: ${length}\r\n\r\nhalf`,
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

const { bodyMs, bodyWindowMs, bodyBytesPerSecond } = defaultLimits.http;
const enough = Math.ceil((bodyBytesPerSecond * bodyWindowMs) / 1_000);

test('when a small body stands still for a while, the connection is cut', async () => {
  const socket = await send('POST', '/devices');
  const closed = once(socket, 'close');
  await clock.advance(bodyWindowMs);
  await closed;
});

test('when a small body moves, but does not end in its time, the connection is cut', async () => {
  const socket = await send('POST', '/devices', 1_000_000);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let passed = 0; passed < bodyMs; passed += bodyWindowMs) {
    socket.write('x'.repeat(enough));
    await expect.poll(() => read).toBeGreaterThanOrEqual(enough * (passed / bodyWindowMs + 1));
    await clock.advance(Math.min(bodyWindowMs, bodyMs - passed));
  }
  await closed;
});

test('when the body of a blob moves, it may take its time; when it comes byte by byte, it is cut', async () => {
  const socket = await send('PUT', '/blobs/files/a', 1_000_000);
  for (let round = 1; round <= 4; round++) {
    socket.write('x'.repeat(enough));
    await expect.poll(() => Buffer.concat(bodies).length).toBe(4 + enough * round);
    await clock.advance(bodyWindowMs);
  }
  expect(socket.closed).toBe(false);
  const closed = once(socket, 'close');
  socket.write('x');
  await clock.advance(2 * bodyWindowMs);
  await closed;
});
