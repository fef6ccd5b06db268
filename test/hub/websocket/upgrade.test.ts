import { EventEmitter, once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createHttpServer } from '../../../src/hub/http/index.ts';
import { createUpgrade } from '../../../src/hub/websocket/index.ts';
import { streamOf } from '../../../src/hub/websocket/stream.ts';

interface Accepted {
  readonly stream: Duplex;
  readonly protocol: string;
}

let server: Server;
let port: number;
const accepted: Accepted[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  const upgrade = createUpgrade((stream, protocol) => accepted.push({ stream, protocol }), {
    onError: (error) => failures.push(error),
  });
  server = createHttpServer(
    { handle: (_request, response) => void response.end('the REST side') } as Parameters<typeof createHttpServer>[0],
    undefined,
    upgrade,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function open(path: string, protocols: string[]): Promise<{ socket: WebSocket; hub: Accepted }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  await once(socket, 'open');
  const hub = accepted.pop();
  if (hub === undefined) throw new Error('nothing was accepted');
  return { socket, hub };
}

function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    call.on('error', reject).end();
  });
}

describe('a WebSocket on an HTTP port', () => {
  it.each([
    ['/$iothub/websocket', ['mqtt'], 'mqtt', 'mqtt-ws'],
    ['/$iothub/websocket?iothub-no-client-cert=true', ['MQTT'], 'MQTT', 'mqtt-ws'],
    ['/%24iothub/websocket', ['AMQPWSB10'], 'AMQPWSB10', 'amqp-ws'],
    ['/$servicebus/websocket', ['unknown', 'AMQPWSB10'], 'AMQPWSB10', 'amqp-ws'],
  ])('at %s for %j answers with %s', async (path, offered, token, protocol) => {
    const { socket, hub } = await open(path, offered);
    expect(socket.protocol).toBe(token);
    expect(hub.protocol).toBe(protocol);
    socket.terminate();
  });

  it.each([
    ['another path', '/elsewhere', ['mqtt']],
    ['another protocol', '/$iothub/websocket', ['chat']],
    ['no protocol', '/$iothub/websocket', []],
  ])('with %s is refused with 400', async (_what, path, protocols) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('400');
    expect(accepted).toEqual([]);
  });

  it('carries bytes both ways, however they are cut', async () => {
    const { socket, hub } = await open('/$iothub/websocket', ['mqtt']);
    const sent = Buffer.alloc(300_000, 'abc');
    for (let at = 0; at < sent.length; at += 70_001) socket.send(sent.subarray(at, at + 70_001));
    const received: Buffer[] = [];
    let length = 0;
    for await (const chunk of hub.stream.iterator({ destroyOnReturn: false })) {
      received.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= sent.length) break;
    }
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    const answer = once(socket, 'message');
    hub.stream.write(Buffer.from([1, 2, 3]));
    const [data, isBinary] = (await answer) as [Buffer, boolean];
    expect([...data]).toEqual([1, 2, 3]);
    expect(isBinary).toBe(true);
    socket.terminate();
  });

  it('answers pings, but does not heap up answers that nobody reads', async () => {
    const { socket } = await open('/$iothub/websocket', ['mqtt']);
    socket.ping('there?');
    expect(String((await once(socket, 'pong'))[0])).toBe('there?');
    socket.terminate();
    const deaf = Object.assign(new EventEmitter(), { readyState: 1, OPEN: 1, bufferedAmount: 0, pong });
    streamOf(deaf as unknown as WebSocket);
    function pong(data: Buffer): void {
      deaf.bufferedAmount += data.length;
    }
    for (let sent = 0; sent < 10_000; sent++) deaf.emit('ping', Buffer.alloc(125));
    expect(deaf.bufferedAmount).toBeLessThan(70_000);
  });

  it('when a text comes, then it ends and the text is not read', async () => {
    const { socket, hub } = await open('/$iothub/websocket', ['mqtt']);
    const chunks: unknown[] = [];
    hub.stream.on('data', (chunk) => chunks.push(chunk));
    socket.send('hello');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1003);
    expect(chunks).toEqual([]);
  });

  it('when the hub ends the stream, then the peer hears a good-bye; when it is cut, then it does not', async () => {
    const ended = await open('/$iothub/websocket', ['mqtt']);
    ended.hub.stream.end(Buffer.from('last'));
    expect((await once(ended.socket, 'close'))[0]).toBe(1000);
    const cut = await open('/$iothub/websocket', ['mqtt']);
    cut.hub.stream.destroy();
    expect((await once(cut.socket, 'close'))[0]).toBe(1006);
  });

  it('when the peer goes, then the stream ends', async () => {
    const { socket, hub } = await open('/$iothub/websocket', ['mqtt']);
    hub.stream.resume();
    const closed = once(hub.stream, 'close');
    socket.close();
    await closed;
  });

  it('when a message is larger than any protocol inside needs, then the connection ends', async () => {
    const { socket, hub } = await open('/$iothub/websocket', ['mqtt']);
    hub.stream.on('error', () => undefined).resume();
    socket.on('error', () => undefined);
    socket.send(Buffer.alloc(3 * 1024 * 1024));
    await once(socket, 'close');
  });
});

describe('other requests', () => {
  it('when the path of WebSockets is asked for without an upgrade, then the answer is 400', async () => {
    expect((await get('/$iothub/websocket')).status).toBe(400);
  });

  it('when a client offers HTTP/2 on the way, then its request is served', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    expect(await get('/devices', headers)).toEqual({ status: 200, body: 'the REST side' });
  });

  it('nothing failed on the way', () => expect(failures).toEqual([]));
});
