import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readHubState, startHub, type HubOptions, type RunningHub } from '../../src/hub/index.ts';
import { loadCertificates } from '../../src/hub/tls/index.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { realClock } from '../support/real-clock.ts';

const freePorts = { mqtt: 0, mqtts: 0, amqp: 0, amqps: 0, http: 0, https: 0 } as const;
const started: RunningHub[] = [];
let directory: string;
let certificates: string;

beforeAll(async () => {
  certificates = await mkdtemp(join(tmpdir(), 'iotctl-hubtest-tls-'));
  await loadCertificates(certificates, ['localhost', '127.0.0.1', '::1'], Date.now());
});

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'iotctl-hubtest-')), 'data');
  // Making certificates has tests of its own; here most hubs find them made.
  await cp(certificates, join(directory, 'tls'), { recursive: true });
});

afterAll(() => rm(certificates, { recursive: true, force: true }));

afterEach(async () => {
  for (const hub of started.splice(0)) await hub.close();
  await rm(join(directory, '..'), { recursive: true, force: true });
});

async function start(options: Partial<HubOptions> = {}): Promise<RunningHub> {
  const hub = await startHub({
    dataDir: directory,
    ports: freePorts,
    clock: realClock,
    pid: process.pid,
    version: '0.0.0',
    ...options,
  });
  started.push(hub);
  return hub;
}

function tokenOf(hub: RunningHub): string {
  const { hostName, sharedAccessKey = '', sharedAccessKeyName } = parseConnectionString(hub.info.connectionString);
  return createSasToken({
    resource: hostName,
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt: Date.now() / 1_000 + 600,
  });
}

async function call(hub: RunningHub, method: string, path: string, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${hub.info.ports.http}${path}?api-version=2021-04-12`, {
    method,
    headers: { authorization: tokenOf(hub) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('when a hub starts, every port answers and the state file tells where', async () => {
  const hub = await start();
  const { operations, ...ports } = hub.info.ports;
  expect(operations).toBeNull();
  for (const port of Object.values(ports)) expect(port).toBeGreaterThan(0);
  expect((await call(hub, 'PUT', '/devices/pump', {})).status).toBe(200);
  const ca = await readFile(hub.info.caFile);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(
      { host: 'localhost', port: ports.https, ca, path: '/iotctl/status', headers: { authorization: tokenOf(hub) } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  expect(await readHubState(directory)).toMatchObject({ ...hub.info, version: '0.0.0' });
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  for (const file of ['hub.json', 'registry.db', 'telemetry.db'])
    expect((await stat(join(directory, file))).mode & 0o077).toBe(0);
});

test('when a hub runs, a second one on its data directory is refused and names the process', async () => {
  await start();
  await expect(start()).rejects.toMatchObject({
    code: 'hub-running',
    message: expect.stringContaining(String(process.pid)),
  });
  expect(await readHubState(directory)).toBeDefined();
});

test('when a hub starts with limits of its own, then the audit says which', async () => {
  const hub = await start({ limits: { device: { messagesPerSecond: 7 } } });
  const { entries } = (await call(hub, 'GET', '/iotctl/audit')).body as {
    entries: { event: string; details?: { limits?: object } }[];
  };
  const limits = entries.find(({ event }) => event === 'hub.start')?.details?.limits;
  expect(limits).toMatchObject({ 'device.messagesPerSecond': 7 });
  expect(limits).not.toHaveProperty('device.bytesPerSecond');
});

test('when a hub starts again, keys, devices and the authority are the same', async () => {
  const first = await start();
  await call(first, 'PUT', '/devices/pump', {});
  const device = (await call(first, 'GET', '/devices/pump')).body;
  const ca = await readFile(first.info.caFile, 'utf8');
  await first.close();
  expect(await readHubState(directory)).toBeUndefined();
  const second = await start();
  expect(second.info.connectionString).toBe(first.info.connectionString);
  expect((await call(second, 'GET', '/devices/pump')).body['authentication']).toEqual(device['authentication']);
  expect(await readFile(second.info.caFile, 'utf8')).toBe(ca);
});

test('when a hub stops right after it acknowledged telemetry, the next start has it', async () => {
  const first = await start();
  const { body } = await call(first, 'PUT', '/devices/pump', {});
  const { primaryKey } = (body['authentication'] as { symmetricKey: { primaryKey: string } }).symmetricKey;
  const authorization = createSasToken({
    resource: 'localhost/devices/pump',
    key: primaryKey,
    expiresAt: Date.now() / 1_000 + 600,
  });
  const url = `http://127.0.0.1:${first.info.ports.http}/devices/pump/messages/events?api-version=2021-04-12`;
  const sent = Array.from({ length: 20 }, (_, number) =>
    fetch(url, { method: 'POST', headers: { authorization }, body: String(number) }),
  );
  // Some are answered before the stop begins, the others while it runs: what was answered with 204 must be there.
  await sent[0];
  const stopped = first.close();
  const answers = await Promise.allSettled(sent);
  await stopped;
  const acknowledged = answers.flatMap((answer, number) =>
    answer.status === 'fulfilled' && answer.value.status === 204 ? [String(number)] : [],
  );
  expect(acknowledged.length).toBeGreaterThan(0);
  const second = await start();
  const stream = await fetch(`http://127.0.0.1:${second.info.ports.http}/iotctl/telemetry?from=earliest`, {
    headers: { authorization: tokenOf(second) },
  });
  const stored = (await stream.text())
    .split('\n')
    .filter((line) => line.includes('"d"'))
    .map((line) => (JSON.parse(line) as { b: string }).b);
  expect(stored).toEqual(expect.arrayContaining(acknowledged));
});

test('when a port cannot be had, nothing is left behind and the next start succeeds', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(start({ ports: { ...freePorts, https: port } })).rejects.toMatchObject({ code: 'port-taken' });
  expect(await readHubState(directory)).toBeUndefined();
  await start();
  other.close();
});

test('when a peer does not speak TLS on a TLS port, it is cut off', async () => {
  const hub = await start({ ports: { ...freePorts, mqtt: 'off' } });
  for (const port of [hub.info.ports.mqtts, hub.info.ports.https]) {
    const socket = connect(port ?? 0, '127.0.0.1', () => socket.write(Buffer.alloc(64, 0x41)));
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
  }
});

test('when a port is off, it is null and the others work', async () => {
  const hub = await start({ ports: { ...freePorts, mqtts: 'off', https: 'off' } });
  expect(hub.info.ports).toMatchObject({ mqtts: null, https: null });
  expect((await call(hub, 'GET', '/statistics/devices')).status).toBe(200);
});

test('when a default port is taken, a free one is used and announced', async () => {
  const other = createServer();
  // Where 8080 is taken already by another program, that serves as well.
  await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(8080, '127.0.0.1', resolve));
  const hub = await start({ ports: { ...freePorts, http: 'auto' } });
  expect(hub.fallbacks).toEqual([
    { name: 'http', wanted: 8080, got: hub.info.ports.http, reason: 'in use by another program', flag: '--http-port' },
  ]);
  const before = hub.info.ports.http;
  await hub.close();
  // Who was connected finds it again; and when that port is taken too, there are others.
  const again = await start({ ports: { ...freePorts, http: 'auto' } });
  expect(again.info.ports.http).toBe(before);
  await again.close();
  const third = createServer();
  await new Promise<void>((resolve) => third.once('error', () => resolve()).listen(before ?? 0, '127.0.0.1', resolve));
  expect((await start({ ports: { ...freePorts, http: 'auto' } })).info.ports.http).not.toBe(before);
  third.close();
  other.close();
});

test('when what it kept of its ports cannot be read, then a hub starts all the same', async () => {
  await writeFile(join(directory, 'hub.ports.json'), '{"http": "x", "mqtt": 70000');
  expect((await start({ ports: { ...freePorts, http: 'auto' } })).info.ports.http).toBeGreaterThan(0);
});

test('when a hub is ephemeral, its directory goes with it', async () => {
  const hub = await start({ ephemeral: true });
  expect(hub.info.dataDir).not.toBe(directory);
  expect((await stat(hub.info.dataDir)).isDirectory()).toBe(true);
  await hub.close();
  await expect(stat(hub.info.dataDir)).rejects.toThrow('ENOENT');
});

test('when a host name is given, it is in the connection string and the certificate', async () => {
  const hub = await start({ hostNames: ['hub.example'] });
  expect(hub.info.hostName).toBe('hub.example');
  expect((await call(hub, 'GET', '/statistics/devices')).status).toBe(200);
});

test('when a hub stops, streams and idle connections end soon', async () => {
  const hub = await start();
  const response = await fetch(`http://127.0.0.1:${hub.info.ports.http}/iotctl/telemetry?from=latest&follow=true`, {
    headers: { authorization: tokenOf(hub) },
  });
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('"live":true');
  const begun = performance.now();
  await hub.close();
  expect(performance.now() - begun).toBeLessThan(2_500);
  const end = await reader.read().then(
    ({ done }) => done,
    () => true,
  );
  expect(end).toBe(true);
});

function at(port: number | null, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { headers });
}

test('when the operations port is asked for, it tells anybody how the hub is; the other ports tell who may know', async () => {
  const hub = await start({ ports: { ...freePorts, operations: 0 } });
  await call(hub, 'PUT', '/devices/pump', {});
  const { operations, http } = hub.info.ports;

  const open = await (await at(operations, '/metrics')).text();
  expect(open).toContain('iotctl_devices{status="enabled"} 1\n');
  expect(open).toMatch(/^iotctl_connections\{port="http"\} [1-9]/m);
  expect(open).toMatch(/^process_resident_memory_bytes [1-9]/m);
  expect((await at(http, '/metrics')).status).toBe(401);
  expect((await at(http, '/metrics', { authorization: tokenOf(hub) })).status).toBe(200);
  for (const port of [operations, http]) {
    expect(await (await at(port, '/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await at(port, '/readyz')).json()).toMatchObject({ status: 'ready', checks: { registry: 'ok' } });
  }
  expect((await at(operations, '/devices/pump?api-version=2021-04-12')).status).toBe(404);
});
