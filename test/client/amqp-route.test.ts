import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { chooseAmqpRoute } from '../../src/client/amqp-route.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { realClock } from '../support/real-clock.ts';

describe('the way of AMQP', () => {
  test('when its port accepts a connection, then TCP', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await chooseAmqpRoute({ host: '127.0.0.1', port, clock: realClock })).toBe('tcp');
    server.close();
  });

  test('when its port refuses, then a WebSocket', async () => {
    expect(await chooseAmqpRoute({ host: '127.0.0.1', port: 9, clock: realClock })).toBe('websocket');
  });

  test('when its port stays silent, then a WebSocket after three seconds', async () => {
    const clock = fakeClock();
    // Addresses for documentation lead nowhere (RFC 5737).
    const choice = chooseAmqpRoute({ host: '192.0.2.1', clock });
    const [route] = await Promise.all([choice, clock.advance(3_000)]);
    expect(route).toBe('websocket');
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['always', 'websocket'],
    ['never', 'tcp'],
  ] as const)('when the profile says %s, then %s without a try', async (mode, expected) => {
    expect(await chooseAmqpRoute({ host: 'nowhere.invalid', mode, clock: fakeClock() })).toBe(expected);
  });

  test('when it is given up, then it ends with the reason', async () => {
    const stop = new AbortController();
    const choice = chooseAmqpRoute({ host: '192.0.2.1', clock: fakeClock(), signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(choice).rejects.toThrow('enough');
  });
});
