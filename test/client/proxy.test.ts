import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { connectHub } from '../../src/client/index.ts';
import { proxyFor } from '../../src/client/proxy.ts';
import { realClock } from '../support/real-clock.ts';
import { tmpdir } from 'node:os';
import { startHub } from '../../src/hub/index.ts';
import { parsePolicyConnectionString } from '../../src/protocol/connection-string.ts';

const hub = new URL('https://plant.azure-devices.net/devices');

describe('which proxy is used', () => {
  test.each([
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:2' }, 'http://lower:1/'],
    [{ HTTPS_PROXY: 'proxy.corp:8080' }, 'http://proxy.corp:8080/'],
    [{ HTTPS_PROXY: '10.0.0.1:8080' }, 'http://10.0.0.1:8080/'],
    [{ HTTPS_PROXY: 'proxy.corp' }, 'http://proxy.corp/'],
    [{ HTTPS_PROXY: 'user:word@proxy.corp:8080' }, 'http://user:word@proxy.corp:8080/'],
    [{ HTTPS_PROXY: 'https://proxy.corp:8443' }, 'https://proxy.corp:8443/'],
    [{ ALL_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ HTTPS_PROXY: ' http://proxy:3128 ', NO_PROXY: '' }, 'http://proxy:3128/'],
    [{ HTTP_PROXY: 'http://proxy:3128' }, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{}, undefined],
  ])('when the environment is %j, then %s', (environment, expected) => {
    expect(proxyFor(hub, environment)?.href).toBe(expected);
  });

  test('when a WebSocket is opened, then as for https', () => {
    const environment = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };
    expect(proxyFor(new URL('wss://plant.azure-devices.net/$iothub/websocket'), environment)?.host).toBe('secure:1');
    expect(proxyFor(new URL('http://plant.example'), environment)?.host).toBe('plain:2');
  });

  test.each([
    ['plant.azure-devices.net', true],
    ['azure-devices.net', true],
    ['.azure-devices.net', true],
    ['*.azure-devices.net', true],
    ['AZURE-DEVICES.NET', true],
    ['other, azure-devices.net', true],
    ['other azure-devices.net', true],
    ['azure-devices.net:443', true],
    ['*', true],
    ['azure-devices.net:8443', false],
    ['devices.net', false],
    ['lant.azure-devices.net', false],
    ['plant', false],
    [',', false],
  ])('when NO_PROXY is %j, then the hub is reached directly: %s', (rules, direct) => {
    expect(proxyFor(hub, { HTTPS_PROXY: 'http://proxy:3128', no_proxy: rules }) === undefined).toBe(direct);
  });

  test.each(['https://localhost:8443', 'https://127.0.0.1', 'https://127.9.9.9', 'https://[::1]:443'])(
    'when %s is on this machine, then never',
    (target) => {
      expect(proxyFor(new URL(target), { HTTPS_PROXY: 'http://proxy:3128' })).toBeUndefined();
    },
  );

  test.each([
    ['[2001:db8::1]', true],
    ['2001:db8::1', true],
    ['[2001:db8::1]:443', true],
    ['[2001:db8::1]:444', false],
    ['2001:db8::2', false],
  ])('when NO_PROXY is the address %s, then directly: %s', (rule, direct) => {
    const target = new URL('https://[2001:db8::1]/');
    expect(proxyFor(target, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: rule }) === undefined).toBe(direct);
  });

  test.each(['socks5://user:secret@proxy:1080', 'http://', 'http://us er:secret@x y'])(
    'when the value is %j, then the failure names the variable and not its value',
    (value) => {
      expect(() => proxyFor(hub, { HTTPS_PROXY: value })).toThrow(/^HTTPS_PROXY is not the address of an HTTP proxy$/);
    },
  );
});

test(
  'when a proxy is set, then the hub is reached through it, TLS from end to end, and by its name',
  { timeout: 60_000 },
  async () => {
    const seen: { target: string | undefined; authorization: string | undefined }[] = [];
    const listening = { mqtt: 'off', mqtts: 'off', amqp: 'off', amqps: 'off', http: 'off', https: 0 } as const;
    const dataDir = tmpdir();
    const hubUnderTest = await startHub({
      dataDir,
      ephemeral: true,
      hostNames: ['plant.example'],
      ports: listening,
      clock: realClock,
      pid: process.pid,
      version: 'test',
    });
    const { ports, connectionString, caFile } = hubUnderTest.info;
    const proxy = createServer();
    const sockets = new Set<Socket>();
    proxy.on('connect', (request: IncomingMessage, client: Socket) => {
      seen.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
      const onward = connect(ports.https ?? 0, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(onward).pipe(client);
      });
      for (const socket of [client, onward]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const service = connectHub(
      {
        name: 'test',
        kind: 'cloud',
        auth: 'key',
        source: 'profile',
        ...parsePolicyConnectionString(connectionString),
        // No resolver knows the hub's name: only the proxy is asked for it.
        caFile,
      },
      { clock: realClock, random: () => 0, env: { HTTPS_PROXY: `us%40er:word@127.0.0.1:${port}` } },
    );
    try {
      await service.devices.put({ deviceId: 'pump-1' });
      expect(await service.devices.get('pump-1')).toMatchObject({ deviceId: 'pump-1' });
      expect(await service.devices.get('pump-1')).toMatchObject({ deviceId: 'pump-1' });
      const tunnel = {
        target: 'plant.example:443',
        authorization: `Basic ${Buffer.from('us@er:word').toString('base64')}`,
      };
      expect(seen).toEqual([tunnel]);
      // Its own port cannot be reached from here, so AMQP goes over a WebSocket, and that through the proxy.
      await service.channel.send('pump-1', { body: Buffer.from('hello') });
      expect((await service.twins.get('pump-1')).cloudToDeviceMessageCount).toBe(1);
      expect(seen).toEqual([tunnel, tunnel]);
    } finally {
      await service.close();
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await hubUnderTest.close();
    }
  },
);

describe('a proxy that does not help', () => {
  const remote = {
    name: 'test',
    kind: 'cloud',
    auth: 'key',
    source: 'profile',
    hostName: 'plant.example',
    sharedAccessKeyName: 'service',
    sharedAccessKey: 'a2V5',
  } as const;
  const read = async (proxy: string): Promise<unknown> => {
    const service = connectHub(remote, { clock: realClock, random: () => 0, env: { HTTPS_PROXY: proxy } });
    try {
      return await service.devices.get('pump-1').catch((error: unknown) => error);
    } finally {
      await service.close();
    }
  };

  test.each([
    [407, 'http://NAME:PASSWORD@HOST:PORT'],
    [403, 'NO_PROXY'],
  ])('when it answers %i, then that is told and the hub is not blamed', async (status, hint) => {
    const proxy = createServer();
    proxy.on('connect', (_: IncomingMessage, client: Socket) => client.end(`HTTP/1.1 ${status} No\r\n\r\n`));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const failure = await read(`http://name:secret@127.0.0.1:${port}`);
    proxy.close();
    expect(failure).toMatchObject({
      code: 'hub-unreachable',
      message: `the proxy 127.0.0.1:${port} answered ${status} and opened no way to plant.example`,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test('when nothing listens there, then the proxy is named, without its password', async () => {
    const failure = await read('http://name:secret@127.0.0.1:9');
    expect(failure).toMatchObject({
      code: 'hub-unreachable',
      message: 'the proxy 127.0.0.1:9 cannot be reached (ECONNREFUSED)',
    });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });
});
