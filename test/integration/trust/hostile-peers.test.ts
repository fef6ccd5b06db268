import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatMqttUsername, telemetryTopic } from '../../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';
import { startTestHub, type TestHub } from '../test-hub.ts';

let hub: TestHub;
let keys: ReadonlyMap<string, string>;
const open = new Set<Socket>();

beforeAll(async () => {
  hub = await startTestHub();
  keys = await hub.provision(['dev1', 'dev10', 'other', 'tampered']);
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await hub.close();
});

/** Unlike `once`, no rejection when the other side resets. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function openSocket(port: number | null): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, noDelay: true });
  open.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => open.delete(socket));
  await once(socket, 'connect');
  return socket;
}

const inTenMinutes = (): number => Math.floor(Date.now() / 1_000) + 600;
const deviceToken = (deviceId: string, resource = `localhost/devices/${deviceId}`): string =>
  createSasToken({ resource, key: keys.get(deviceId) ?? '', expiresAt: inTenMinutes() });
const ownerToken = (resource = 'localhost'): string => {
  const { sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(hub.info.connectionString);
  return createSasToken({ resource, key: sharedAccessKey, keyName: sharedAccessKeyName, expiresAt: inTenMinutes() });
};

function connectPacket(deviceId: string, password: string, userDevice = deviceId): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: deviceId,
    keepalive: 60,
    username: formatMqttUsername({ hostName: 'localhost', deviceId: userDevice }),
    password: Buffer.from(password),
  });
}

/** The CONNACK's return code, or undefined when the hub says nothing and closes. */
async function connackOf(packet: Buffer): Promise<number | undefined> {
  const socket = await openSocket(hub.info.ports.mqtt);
  const answer = new Promise<number | undefined>((resolve) => {
    socket.once('data', (data) => resolve(data[0] === 0x20 ? data[3] : undefined));
    socket.once('close', () => resolve(undefined));
  });
  socket.write(packet);
  const code = await answer;
  socket.destroy();
  return code;
}

async function call(
  method: string,
  path: string,
  authorization: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const separator = path.includes('?') ? '&' : '?';
  const url = `http://127.0.0.1:${hub.info.ports.http}${path}${separator}api-version=2021-04-12`;
  const response = await fetch(url, {
    method,
    headers: { authorization, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

async function expectServes(): Promise<void> {
  expect((await call('GET', '/devices/other', ownerToken())).status).toBe(200);
  expect(await connackOf(connectPacket('other', deviceToken('other')))).toBe(0);
}

describe('the key of a device', () => {
  it.each([
    ['as it is meant', () => connectPacket('dev1', deviceToken('dev1')), 0],
    ['for a device whose name goes on', () => connectPacket('dev10', deviceToken('dev1')), 5],
    ['for one whose name it begins', () => connectPacket('dev1', deviceToken('dev10')), 5],
    [
      'with the name of another in the token',
      () => connectPacket('dev1', deviceToken('dev1', 'localhost/devices/dev10')),
      5,
    ],
    ['with another name as user', () => connectPacket('dev1', deviceToken('dev1'), 'other'), 5],
    ['for all devices', () => connectPacket('dev10', deviceToken('dev1', 'localhost/devices')), 5],
    ['for the whole hub', () => connectPacket('dev10', deviceToken('dev1', 'localhost')), 5],
    [
      'by another way to write the name',
      () => connectPacket('dev10', deviceToken('dev1', 'localhost/devices/dev1%30')),
      5,
    ],
    ['of another hub', () => connectPacket('dev1', deviceToken('dev1', 'elsewhere/devices/dev1')), 5],
  ])('%s over MQTT', async (_, packet, code) => {
    expect(await connackOf(packet())).toBe(code);
  });

  it('opens nothing of the service, and no other device over HTTP', async () => {
    for (const [method, path] of [
      ['GET', '/devices/dev1'],
      ['GET', '/devices'],
      ['DELETE', '/devices/other'],
      ['GET', '/twins/dev1'],
      ['POST', '/devices/query'],
      ['POST', '/twins/other/methods'],
      ['GET', '/iotctl/telemetry'],
      ['POST', '/devices/dev10/messages/events'],
      ['POST', '/devices/dev1%30/messages/events'],
      ['POST', '/devices/other/../dev10/messages/events'],
    ] as const) {
      const { status, text } = await call(method, path, deviceToken('dev1'), method === 'POST' ? '{}' : undefined);
      expect([path, status]).toEqual([path, 401]);
      expect(text).not.toContain(keys.get('dev1') ?? '');
    }
    expect((await call('POST', '/devices/dev1/messages/events', deviceToken('dev1'), '{}')).status).toBe(204);
  });

  it('a token with any byte changed opens nothing', async () => {
    const token = deviceToken('tampered');
    const path = '/devices/tampered/messages/events';
    const change = fc.record({
      at: fc.nat(token.length - 1),
      to: fc.constantFrom('a', 'Z', '0', '9', '%', '+', '/', '=', '&', '.', ' '),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to }) => {
        const changed = `${token.slice(0, at)}${to}${token.slice(at + 1)}`;
        if (changed === token || changed.trim() !== changed) return;
        const { status } = await call('POST', path, changed, '{}');
        // The scheme's name is read in any case; everything else counts. After some wrong ones the others are refused unread.
        if (changed.toLowerCase() !== token.toLowerCase()) expect([401, 429], changed).toContain(status);
      }),
      { numRuns: 150 },
    );
  });

  it('publishes to its own topics alone: to another, the connection is closed and nothing stored', async () => {
    for (const topic of [
      telemetryTopic('other'),
      'devices/other/messages/devicebound/x',
      '$iothub/methods/POST/reboot/?$rid=1',
      '$iothub/twin/PATCH/properties/desired/?$version=1',
      'devices/dev1/messages/events/../../other/messages/events/',
      'devices/DEV1/messages/events/',
      '$SYS/broker',
    ]) {
      const socket = await openSocket(hub.info.ports.mqtt);
      socket.write(connectPacket('dev1', deviceToken('dev1')));
      await once(socket, 'data');
      const closed = closeOf(socket);
      socket.on('data', (data) => expect((data[0] ?? 0) >> 4).not.toBe(4));
      const packet = { cmd: 'publish', topic, payload: '{}', qos: 1, messageId: 1, dup: false, retain: false } as const;
      socket.write(mqttPacket.generate(packet));
      await closed;
    }
    const { text } = await call('GET', '/iotctl/telemetry?follow=false&devices=other', ownerToken());
    expect(text).not.toContain('"deviceId":"other"');
    await expectServes();
  });

  it('hears nothing of another device, whatever it subscribes to', async () => {
    const socket = await openSocket(hub.info.ports.mqtt);
    const heard: Buffer[] = [];
    socket.write(connectPacket('dev1', deviceToken('dev1')));
    await once(socket, 'data');
    socket.on('data', (data) => heard.push(data));
    for (const topic of [
      '#',
      '+/+/messages/#',
      'devices/other/messages/events/#',
      'devices/+/messages/devicebound/#',
    ]) {
      if (socket.destroyed) break;
      socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic, qos: 1 }] }));
    }
    const other = await hub.connect('other');
    await other.sendTelemetry('private words');
    await hub.client.twins.patch('other', { properties: { desired: { secret: 'private words' } } });
    expect(Buffer.concat(heard).toString('latin1')).not.toContain('private words');
    socket.destroy();
  });
});

describe('whatever comes over HTTP', () => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  it.each([
    ['a body beyond the limit', 'PATCH', '/twins/other', Buffer.alloc(9 * 1024 * 1024, 0x20), [400, 413]],
    ['JSON nested 50,000 deep', 'PATCH', '/twins/other', deep, [400]],
    ['JSON nested deep where an array is expected', 'POST', '/devices', '['.repeat(100_000), [400]],
    [
      'a member named __proto__',
      'PATCH',
      '/twins/other',
      '{"properties":{"desired":{"__proto__":{"polluted":1}}}}',
      [400],
    ],
    [
      'a constructor in tags',
      'PATCH',
      '/twins/other',
      '{"tags":{"constructor":{"prototype":{"polluted":1}}}}',
      [200, 400],
    ],
    [
      'a query of 100,000 parentheses',
      'POST',
      '/devices/query',
      JSON.stringify({ query: `SELECT * FROM devices WHERE ${'('.repeat(100_000)}` }),
      [400, 413],
    ],
    [
      'a query that would be SQL',
      'POST',
      '/devices/query',
      JSON.stringify({ query: "SELECT * FROM devices WHERE deviceId = ''; DROP TABLE devices" }),
      [400],
    ],
    ['no JSON', 'PUT', '/devices/other', '\u0000\u0001', [400]],
    ['a number beyond all numbers', 'PATCH', '/twins/other', '{"properties":{"desired":{"n":1e999}}}', [200, 400]],
    [
      'a method without an end',
      'POST',
      '/twins/other/methods',
      '{"methodName":"x","responseTimeoutInSeconds":1e9}',
      [400],
    ],
  ])('%s', async (_, method, path, body, statuses) => {
    const { status, text } = await call(method, path, ownerToken(), body);
    expect(statuses).toContain(status);
    expect(text).not.toMatch(/\n\s+at |node:internal|SQLITE/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await expectServes();
  });

  it('when a name comes twice, then there is one value, and it is the last', async () => {
    const body = '{"properties":{"desired":{"twice":1,"twice":2}}}';
    const { status, text } = await call('PATCH', '/twins/other', ownerToken(), body);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ properties: { desired: { twice: 2 } } });
  });

  it.each([
    ['two lengths', 'POST /devices/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    [
      'a length and chunks',
      'POST /devices/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunks of no number', 'POST /devices/query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
    [
      'headers without an end',
      `GET / HTTP/1.1\r\n${'X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`,
    ],
    ['a line end in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\nInjected: b\r\n\r\n'],
    ['no HTTP', `${'\u0000'.repeat(500)}\r\n\r\n`],
  ])('%s: refused, and nothing is taken for a second request', async (_, bytes) => {
    const socket = await openSocket(hub.info.ports.http);
    const closed = closeOf(socket);
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.write(bytes);
    await closed;
    expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(text).toMatch(/^(HTTP\/1\.1 4\d\d )?/);
    await expectServes();
  });
});

describe('peers that never get on', () => {
  it('are cut off in time, hold no memory, and keep nobody waiting', { timeout: 25_000 }, async () => {
    const claim = Buffer.concat([Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(64 * 1024, 1)]);
    const slow: { socket: Socket; closed: Promise<unknown> }[] = [];
    const begin = async (port: number | null, bytes: Uint8Array | string): Promise<void> => {
      const socket = await openSocket(port);
      slow.push({ socket, closed: closeOf(socket) });
      socket.resume();
      socket.write(bytes);
    };
    const { ports } = hub.info;
    for (let count = 0; count < 50; count++) {
      await begin(ports.mqtt, claim);
      await begin(ports.mqtt, Buffer.from([0x10]));
      await begin(ports.http, 'GET /devices HTTP/1.1\r\nX-Slow: ');
      await begin(ports.https, Buffer.from([0x16, 3, 1, 2, 0, 1]));
      await begin(ports.mqtts, Buffer.from([0x16, 3, 1, 2, 0, 1]));
    }
    const drip = setInterval(() => slow.forEach(({ socket }) => socket.write('a')), 1_000);
    const started = Date.now();
    await expectServes();
    expect(Date.now() - started).toBeLessThan(3_000);
    await Promise.all(slow.map(({ closed }) => closed));
    clearInterval(drip);
    await expectServes();
  });
});

describe('peers that break off', () => {
  it.each([
    ['for another host', { host: 'evil.example', protocol: 'mqtt' }, '421'],
    ['for no protocol of the hub', { host: 'localhost', protocol: 'chat' }, '400'],
  ])(
    'when a WebSocket %s is refused and its peer resets the connection, then the hub goes on',
    async (_, asked, status) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown): void => void uncaught.push(error);
      process.on('uncaughtException', note);
      try {
        const socket = await openSocket(hub.info.ports.http);
        const answered = once(socket, 'data');
        socket.write(
          `GET /$iothub/websocket HTTP/1.1\r\nHost: ${asked.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${asked.protocol}\r\n\r\n`,
        );
        expect(String((await answered)[0])).toContain(`HTTP/1.1 ${status} `);
        socket.resetAndDestroy();
        await closeOf(socket);
        await expectServes();
        expect(uncaught).toEqual([]);
      } finally {
        process.off('uncaughtException', note);
      }
    },
  );
});
