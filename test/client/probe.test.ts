import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectHub, probeHub, type ProbeReport } from '../../src/client/index.ts';
import type { KeyConnection } from '../../src/config/index.ts';
import { realClock } from '../support/real-clock.ts';
import { startTestHub, type TestHub } from '../integration/test-hub.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { json, quickClock, refusal, scriptedHub, testConnection } from './scripted-hub.ts';

const dependencies = { clock: realClock, random: () => 0.5 };

function partsServed({ parts }: ProbeReport): object {
  return Object.fromEntries(parts.map((each) => [each.part, each.served]));
}

describe('a real hub', () => {
  let hub: TestHub;
  let connection: KeyConnection;
  beforeAll(async () => {
    hub = await startTestHub();
    const {
      hostName,
      sharedAccessKeyName = '',
      sharedAccessKey = '',
    } = parseConnectionString(hub.info.connectionString);
    const { caFile, ports } = hub.info;
    const serviceUrl = `https://localhost:${ports.https}`;
    connection = {
      name: 'test',
      kind: 'local',
      auth: 'key',
      hostName,
      sharedAccessKeyName,
      sharedAccessKey,
      serviceUrl,
      caFile,
      source: 'profile',
    };
  });
  afterAll(async () => hub.close());

  const probe = (part: Partial<KeyConnection>): Promise<ProbeReport> =>
    probeHub({ ...connection, ...part }, dependencies);

  test('when the owner asks, then everything is allowed and nothing was changed', async () => {
    const report = await probe({});
    expect(report).toMatchObject({
      secure: true,
      failure: undefined,
      permissions: { registryRead: true, registryWrite: true, serviceConnect: true },
    });
    expect(report.certificateEndsAt).toBeGreaterThan(Date.now());
    expect(Math.abs(report.clockSkewMs ?? Infinity)).toBeLessThan(5_000);
  });

  test('when it is asked what it serves, then the hub of iotctl has its extensions, and one in the cloud is not asked', async () => {
    const amqpUrl = 'amqp://127.0.0.1:9';
    expect(partsServed(await probe({ amqpUrl }))).toMatchObject({ devices: true, twins: true, extensions: true });
    expect(partsServed(await probe({ kind: 'cloud', amqpUrl }))).toMatchObject({ twins: true, extensions: false });
  });

  test('when the key is wrong, then nothing is allowed', async () => {
    const sharedAccessKey = Buffer.alloc(32).toString('base64');
    expect((await probe({ sharedAccessKey })).permissions).toEqual({
      registryRead: false,
      registryWrite: false,
      serviceConnect: false,
    });
  });

  test('when the CA is not the one of the profile, then trust is missing', async () => {
    const { caFile: _, ...withoutCa } = connection;
    expect((await probeHub(withoutCa, dependencies)).failure).toMatchObject({ code: 'tls-untrusted', exitCode: 4 });
  });

  test('when the host does not exist, then it is named', async () => {
    const { failure } = await probe({ serviceUrl: 'https://no-such-host.invalid:8443' });
    expect(failure).toMatchObject({ code: 'hub-unreachable' });
    expect(failure?.message).toContain('no-such-host.invalid');
  });

  test('when HTTPS is spoken to the plain port, then that is said', async () => {
    const { failure } = await probe({ serviceUrl: `https://localhost:${hub.info.ports.http}` });
    expect(failure).toMatchObject({ code: 'hub-unreachable' });
    expect(failure?.message).toContain('does not speak TLS');
  });

  test('when the CA file cannot be read, then the profile is at fault', async () => {
    expect((await probe({ caFile: '/nowhere/ca.pem' })).failure).toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('/nowhere/ca.pem') as string,
    });
  });

  test('when another server with a certificate of its own stands there, then no token reaches it', async () => {
    const seen: string[] = [];
    const { cert, key } = await otherCertificate();
    const server = createServer({ cert, key }, (request, response) => {
      seen.push(String(request.headers.authorization));
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const service = connectHub({ ...connection, serviceUrl: `https://localhost:${port}` }, dependencies);
    await expect(service.devices.get('a')).rejects.toMatchObject({ code: 'tls-untrusted' });
    await service.close();
    server.close();
    expect(seen).toEqual([]);
  });
});

async function otherCertificate(): Promise<{ cert: string; key: string }> {
  const other = await startTestHub();
  const directory = other.info.caFile.replace(/ca\.pem$/, '');
  const pair = {
    cert: readFileSync(`${directory}server.pem`, 'utf8'),
    key: readFileSync(`${directory}server.key`, 'utf8'),
  };
  await other.close();
  return pair;
}

describe('a scripted hub', () => {
  test('when it answers 401 to one right only, then that right is missing', async () => {
    await using hub = await scriptedHub((request, response) => {
      if (request.method === 'DELETE') refusal(401, 'IotHubUnauthorizedAccess', 'no')(request, response);
      else refusal(404, 'DeviceNotFound', 'no')(request, response);
    });
    const report = await probeHub(hub.connection, { ...dependencies, clock: quickClock() });
    expect(report.permissions).toEqual({ registryRead: true, registryWrite: false, serviceConnect: true });
    expect(hub.requests.find(({ method }) => method === 'DELETE')?.headers['if-match']).toBe('"AAAAAAAAAAA="');
  });

  test('when it fails inside, then rights are unknown, and nothing is asked twice', async () => {
    await using hub = await scriptedHub(json(500, {}));
    const report = await probeHub(hub.connection, { ...dependencies, clock: quickClock() });
    expect(report.permissions).toEqual({
      registryRead: undefined,
      registryWrite: undefined,
      serviceConnect: undefined,
    });
    expect(report.parts.map(({ served }) => served)).toEqual([undefined, undefined, false, undefined]);
    expect(hub.requests).toHaveLength(4);
  });

  test('when the tier is a basic one, then it has no twins', async () => {
    await using hub = await scriptedHub((request, response) => {
      if (request.url.pathname.startsWith('/twins/'))
        refusal(403, 'OperationNotAvailableInCurrentTier', 'no')(request, response);
      else refusal(404, 'DeviceNotFound', 'no')(request, response);
    });
    const { parts } = await probeHub(
      { ...hub.connection, kind: 'cloud', amqpWebSockets: 'always' },
      { ...dependencies, clock: quickClock() },
    );
    expect(parts.map(({ part, served }) => [part, served])).toEqual([
      ['devices', true],
      ['twins', false],
      ['messages', true],
      ['extensions', false],
    ]);
    expect(hub.requests.filter(({ url }) => url.pathname.startsWith('/iotctl'))).toEqual([]);
  });

  test('when nothing listens, then the report says so', async () => {
    const report = await probeHub({ ...testConnection, serviceUrl: 'http://127.0.0.1:1' }, dependencies);
    expect(report.failure).toMatchObject({ code: 'hub-unreachable' });
    expect(report.address).toBe('127.0.0.1:1');
  });
});
