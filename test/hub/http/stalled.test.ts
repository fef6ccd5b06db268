import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { cutStalled } from '../../../src/hub/http/stalled.ts';

let server: Server;
afterEach(() => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)));

/** A server that answers with more than any buffer on the way takes, and a client. */
async function serve(write: (response: ServerResponse) => void, stallMs = 80): Promise<Socket> {
  server = createServer((_request, response) => {
    watch(response);
    response.writeHead(200);
    write(response);
  });
  const watch = cutStalled(server, stallMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  return client;
}

test('a peer that takes nothing is cut, even if it goes on sending', async () => {
  const ended = Promise.withResolvers<void>();
  const client = await serve((response) => {
    response.once('close', ended.resolve);
    response.write(Buffer.alloc(32 * 1_048_576));
  });
  const talk = setInterval(() => client.write('\r\n'), 10);
  await ended.promise;
  clearInterval(talk);
  client.destroy();
});

test('a peer that has taken everything may wait for more as long as it likes', async () => {
  const client = await serve((response) => {
    response.write('some');
    setTimeout(() => response.end('more'), 300);
  });
  let text = '';
  for await (const chunk of client) {
    text += String(chunk);
    if (text.includes('more')) break;
  }
  expect(text).toContain('more');
});

test('a slow peer that takes a little now and then stays, however large the piece is that it takes from', async () => {
  const total = 12 * 1_048_576;
  const client = await serve((response) => response.end(Buffer.alloc(total)), 400);
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
    client.pause();
    setTimeout(() => client.resume(), 6);
  });
  await new Promise((resolve) => client.once('end', resolve).once('close', resolve));
  client.destroy();
  expect(received).toBeGreaterThan(total);
});
