import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { exchange } from '../../../src/hub/provisioning/exchange.ts';
import { createLatencyTable } from '../../../src/hub/provisioning/latencies.ts';
import { createRemoteHub } from '../../../src/hub/provisioning/remote-hub.ts';
import { startTestHub } from '../../integration/test-hub.ts';
import { realClock } from '../../support/real-clock.ts';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
}

describe('an exchange', () => {
  it('posts JSON and reads the answer', async () => {
    let seen = '';
    const url = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (seen += text));
      request.on('end', () => response.writeHead(201).end('{"ok":true}'));
    });
    const answer = await exchange({ method: 'POST', url, body: { a: 1 }, timeoutMs: 5_000 });
    expect(answer).toEqual({ status: 201, text: '{"ok":true}' });
    expect(seen).toBe('{"a":1}');
  });

  it('does not wait longer than it may, neither for the head nor for the rest', async () => {
    const silent = await serve(() => undefined);
    await expect(exchange({ method: 'GET', url: silent, timeoutMs: 50 })).rejects.toThrow('no answer in time');
    const slow = await serve((_request, response) => response.writeHead(200).write('{'));
    await expect(exchange({ method: 'GET', url: slow, timeoutMs: 50 })).rejects.toThrow('no answer in time');
  });

  it('does not read without end', async () => {
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    await expect(exchange({ method: 'GET', url, timeoutMs: 10_000 })).rejects.toThrow('too large');
  });

  it('does not follow elsewhere', async () => {
    const url = await serve((_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
    expect((await exchange({ method: 'GET', url, timeoutMs: 5_000 })).status).toBe(302);
  });
});

describe('another hub', () => {
  it('takes devices over its REST API, changes their keys, and lets them go', async () => {
    const hub = await startTestHub();
    closing.push(() => hub.close());
    const {
      hostName,
      sharedAccessKeyName = '',
      sharedAccessKey = '',
    } = parseConnectionString(hub.info.connectionString);
    const serviceUrl = `http://127.0.0.1:${hub.info.ports.http}`;
    const remote = createRemoteHub({ hostName, sharedAccessKeyName, sharedAccessKey, serviceUrl, clock: realClock });
    const key = Buffer.alloc(32, 1).toString('base64');
    const credential = { type: 'sas', primaryKey: key, secondaryKey: key } as const;
    const device = { deviceId: 'd#1', credential, iotEdge: false, tags: { a: 1 }, desired: { b: 2 } };
    expect(await remote.read(device.deviceId)).toBeUndefined();
    await remote.create(device);
    await expect(remote.create(device)).rejects.toMatchObject({ symbol: 'DeviceAlreadyExists' });
    expect(await remote.read(device.deviceId)).toEqual(device);
    const thumbprints = { type: 'selfSigned', primaryThumbprint: 'A'.repeat(64), secondaryThumbprint: null } as const;
    await remote.setCredential(device.deviceId, thumbprints, false);
    expect((await remote.read(device.deviceId))?.credential).toEqual(thumbprints);
    await remote.delete(device.deviceId);
    await remote.delete(device.deviceId);
    expect(await remote.read(device.deviceId)).toBeUndefined();
  });

  it('when it cannot be reached or refuses the key, then that is said', async () => {
    const refusing = await serve((_request, response) => response.writeHead(401).end());
    const parts = { hostName: 'other', sharedAccessKeyName: 'p', sharedAccessKey: 'QUJD', clock: realClock };
    const remote = createRemoteHub({ ...parts, serviceUrl: refusing.origin });
    await expect(remote.read('d')).rejects.toMatchObject({ symbol: 'ServiceUnavailable' });
    const gone = createRemoteHub({ ...parts, serviceUrl: 'http://127.0.0.1:1' });
    await expect(gone.read('d')).rejects.toMatchObject({ symbol: 'ServiceUnavailable' });
  });
});

describe('a table of latencies', () => {
  const table = createLatencyTable([
    { network: '10.1.0.0/16', milliseconds: { 'West.hub': 5, 'east.hub': 80 } },
    { network: 'fd00::/8', milliseconds: { 'east.hub': 1 } },
    { milliseconds: { 'east.hub': 30 } },
  ]);

  it('knows the network of the device, and the rest of the world', () => {
    expect(table('10.1.2.3', 'west.hub')).toBe(5);
    expect(table('::ffff:10.1.2.3', 'west.hub')).toBe(5);
    expect(table('fd12::1', 'east.hub')).toBe(1);
    expect(table('192.0.2.1', 'east.hub')).toBe(30);
    expect(table(undefined, 'east.hub')).toBe(30);
    expect(table('192.0.2.1', 'west.hub')).toBeUndefined();
  });

  it.each(['10.0.0.0/33', 'ten', '10.0.0.0/x'])('refuses %s', (network) => {
    expect(() => createLatencyTable([{ network, milliseconds: {} }])).toThrow(/range of addresses/);
  });
});
