import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Door } from '../../src/hub/door.ts';
import { drain, listen, type Listener } from '../../src/hub/listeners.ts';
import { realClock } from '../support/real-clock.ts';

const opened: Listener[] = [];
const others: Server[] = [];

afterEach(async () => {
  for (const listener of opened.splice(0)) {
    listener.stop();
    listener.destroy();
  }
  for (const server of others.splice(0)) server.close();
});

async function takenPort(): Promise<number> {
  const server = createServer();
  others.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const request = {
  name: 'mqtt',
  addresses: ['127.0.0.1', '::1'],
  createServer: () => createServer(),
  onError: () => undefined,
} as const;

test('when 0 is asked for, a free port is found on every address', async () => {
  const listener = await listen({ ...request, choice: 0 });
  opened.push(listener);
  expect(listener.port).toBeGreaterThan(0);
  expect(listener.fallback).toBeUndefined();
  await expect(listen({ ...request, addresses: ['127.0.0.1'], choice: listener.port })).rejects.toMatchObject({
    code: 'port-taken',
  });
});

test('when a fixed port is taken, the failure names the flag that moves it', async () => {
  const port = await takenPort();
  await expect(listen({ ...request, name: 'https', choice: port })).rejects.toMatchObject({
    code: 'port-taken',
    message: `port ${port} for HTTPS is in use by another program`,
    hint: expect.stringContaining('--https-port'),
  });
});

test('when an address is not of this machine, it is refused, and no port stays open', async () => {
  await expect(listen({ ...request, addresses: ['203.0.113.1'], choice: 0 })).rejects.toMatchObject({
    code: 'invalid-value',
    hint: expect.stringContaining('--listen'),
  });
  await expect(listen({ ...request, addresses: ['127.0.0.1', '203.0.113.1'], choice: 0 })).rejects.toMatchObject({
    code: 'invalid-value',
    message: expect.stringContaining('203.0.113.1'),
  });
});

test('when connections stay open, draining cuts them in the end', async () => {
  const accepted = Promise.withResolvers<void>();
  const listener = await listen({
    ...request,
    addresses: ['127.0.0.1'],
    choice: 0,
    createServer: () => createServer(() => accepted.resolve()),
  });
  const { connect } = await import('node:net');
  const socket = connect(listener.port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  await accepted.promise;
  listener.stop();
  await drain([listener], { ...realClock, monotonic: () => performance.now() * 1_000 });
  await closed;
  await expect.poll(() => listener.closeIdle()).toBe(0);
});

test('a connection that the door refuses is none that was accepted', async () => {
  let asked = 0;
  const door = {
    admit: (socket: Socket) => {
      asked++;
      if (asked > 1) socket.resetAndDestroy();
      return asked === 1;
    },
  } as unknown as Door;
  const listener = await listen({ ...request, addresses: ['127.0.0.1'], choice: 0, door });
  opened.push(listener);
  const sockets = [1, 2].map(() =>
    createConnection({ host: '127.0.0.1', port: listener.port }).on('error', () => undefined),
  );
  await expect.poll(() => asked).toBe(2);
  expect([listener.open, listener.accepted]).toEqual([1, 1]);
  for (const socket of sockets) socket.destroy();
});
