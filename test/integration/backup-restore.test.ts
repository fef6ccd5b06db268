import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectHub } from '../../src/client/index.ts';
import { backupHub, restoreHub, startHub, type RunningHub } from '../../src/hub/index.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import type { ContainerGrant } from '../../src/protocol/container-grant.ts';
import { containerGrantsPath } from '../../src/protocol/container-grant.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { realClock } from '../support/real-clock.ts';

let directory: string;
let dataDir: string;
let file: string;
const running: RunningHub[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-backup-'));
  dataDir = join(directory, 'hub');
  file = join(directory, 'hub.tar.zst');
});

afterEach(async () => {
  for (const hub of running.splice(0)) await hub.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(where = dataDir): Promise<RunningHub> {
  const ports = { mqtt: 0, mqtts: 'off', http: 0, https: 'off', amqp: 'off', amqps: 'off' } as const;
  const hub = await startHub({ dataDir: where, ports, clock: realClock, pid: process.pid, version: 'test' });
  running.push(hub);
  return hub;
}

async function stop(hub: RunningHub): Promise<void> {
  running.splice(running.indexOf(hub), 1);
  await hub.close();
}

function clientOf({ info }: RunningHub) {
  const { hostName, sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const serviceUrl = `http://127.0.0.1:${info.ports.http}`;
  return connectHub(
    {
      name: 'test',
      kind: 'local',
      auth: 'key',
      hostName,
      sharedAccessKeyName,
      sharedAccessKey,
      serviceUrl,
      source: 'profile',
    },
    { clock: realClock, random: () => 0 },
  );
}

async function containerOf({ info }: RunningHub): Promise<URL> {
  const { sharedAccessKeyName, sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const token = createSasToken({
    resource: 'localhost',
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt: realClock.now() / 1_000 + 600,
  });
  const origin = `http://127.0.0.1:${info.ports.http}`;
  const answer = await fetch(`${origin}${containerGrantsPath}/files`, {
    method: 'POST',
    headers: { authorization: token },
  });
  const { uri } = (await answer.json()) as ContainerGrant;
  const { pathname, search } = new URL(uri);
  return new URL(`${pathname}${search}`, origin);
}

async function putBlob(hub: RunningHub, name: string, body: string): Promise<void> {
  const url = await containerOf(hub);
  url.pathname += `/${name}`;
  const answer = await fetch(url, { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } });
  expect(answer.status).toBe(201);
}

async function readBlob(hub: RunningHub, name: string): Promise<string> {
  const url = await containerOf(hub);
  url.pathname += `/${name}`;
  return (await fetch(url)).text();
}

function save(): ReturnType<typeof backupHub> {
  return backupHub({ dataDir, file, version: '1.2.3', now: realClock.now() });
}

async function prepare(): Promise<void> {
  const hub = await start();
  const client = clientOf(hub);
  await client.devices.put({ deviceId: 'of-the-backup' });
  await save();
  await client.devices.put({ deviceId: 'of-later' });
  await client.close();
  await stop(hub);
}

async function devicesNow(): Promise<string[]> {
  const hub = await start();
  const client = clientOf(hub);
  const ids: string[] = [];
  for await (const page of client.queries.query('SELECT deviceId FROM devices'))
    for (const { deviceId } of page) ids.push(deviceId as string);
  await client.close();
  await stop(hub);
  return ids.toSorted();
}

describe('a backup of a hub that runs', () => {
  test('when it is restored elsewhere, devices, keys, files and certificates are those of the backup', async () => {
    const hub = await start();
    const client = clientOf(hub);
    const made = await client.devices.put({ deviceId: 'pump-1' });
    await client.twins.patch('pump-1', { tags: { site: 'north' } });
    await putBlob(hub, 'a.txt', 'first');
    const result = await save();
    expect(result.bytes).toBeGreaterThan(result.archiveBytes);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await client.devices.put({ deviceId: 'later' });
    await putBlob(hub, 'a.txt', 'second');
    const { connectionString, caFile } = hub.info;
    await client.close();
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([]);

    const elsewhere = join(directory, 'elsewhere');
    const manifest = await restoreHub({ now: Date.now(), file, dataDir: elsewhere, force: false });
    expect(manifest).toMatchObject({ program: '1.2.3' });
    expect((await stat(join(elsewhere, 'registry.db'))).mode & 0o777).toBe(0o600);
    expect(await readdir(elsewhere)).not.toContain('hub.json');
    const second = await start(elsewhere);
    const restored = clientOf(second);
    expect((await restored.devices.get('pump-1')).authentication).toEqual(made.authentication);
    expect((await restored.twins.get('pump-1')).tags).toEqual({ site: 'north' });
    await expect(restored.devices.get('later')).rejects.toMatchObject({ code: 'device-not-found' });
    expect(second.info.connectionString).toBe(connectionString);
    expect(await readFile(second.info.caFile, 'utf8')).toBe(await readFile(caFile, 'utf8'));
    expect(await readBlob(second, 'a.txt')).toBe('first');
    await restored.close();
  });

  test('when devices and blobs are written all the time, it holds one state of them', async () => {
    const hub = await start();
    const client = clientOf(hub);
    for (const index of [0, 1, 2]) await putBlob(hub, `b-${index}`, `body ${index}`);
    const over = new AbortController();
    const devices = (async () => {
      for (let index = 0; !over.signal.aborted; index++) await client.devices.put({ deviceId: `d-${index}` });
    })();
    const blobs = (async () => {
      for (let index = 0; !over.signal.aborted; index++) await putBlob(hub, `b-${index % 3}`, `body ${index}`);
    })();
    for (let round = 0; round < 3; round++) await save();
    over.abort();
    await Promise.all([devices, blobs]);
    await client.close();
    const elsewhere = join(directory, 'elsewhere');
    await restoreHub({ now: Date.now(), file, dataDir: elsewhere, force: false });
    const second = await start(elsewhere);
    for (const name of ['b-0', 'b-1', 'b-2']) expect(await readBlob(second, name)).toMatch(/^body \d+$/);
  });
});

test('a backup takes firmware files and records along, and no half of one', async () => {
  const hub = await start();
  const client = clientOf(hub);
  const bytes = Buffer.from('firmware of a pump');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const content = async function* () {
    yield bytes;
  };
  await client.artifacts.put({ sha256, size: bytes.length }, content);
  const etag = await client.records.write('rollouts/a/state', { n: 1 });
  await writeFile(join(dataDir, 'artifacts', 'abc-1.part'), 'half');
  await save();
  await client.close();
  const elsewhere = join(directory, 'elsewhere');
  await restoreHub({ now: Date.now(), file, dataDir: elsewhere, force: false });
  expect(await readdir(join(elsewhere, 'artifacts'))).toEqual([sha256]);
  const restored = clientOf(await start(elsewhere));
  await expect(restored.artifacts.find(sha256)).resolves.toMatchObject({ size: bytes.length });
  await expect(restored.records.read('rollouts/a/state')).resolves.toMatchObject({ etag, value: { n: 1 } });
  await restored.close();
});

describe('a restore', () => {
  test('when the hub runs, it is refused', async () => {
    await start();
    await save();
    await expect(restoreHub({ now: Date.now(), file, dataDir, force: true })).rejects.toMatchObject({
      code: 'hub-running',
    });
  });

  test('when there is data, it is replaced only with force and a yes', async () => {
    await prepare();
    await expect(restoreHub({ now: Date.now(), file, dataDir, force: false })).rejects.toMatchObject({
      code: 'conflict',
    });
    const asked: boolean[] = [];
    const confirm = (answer: boolean) => (_found: unknown, replaces: boolean) => {
      asked.push(replaces);
      return Promise.resolve(answer);
    };
    expect(await restoreHub({ now: Date.now(), file, dataDir, force: true, confirm: confirm(false) })).toBeUndefined();
    expect(await devicesNow()).toEqual(['of-later', 'of-the-backup']);
    await restoreHub({ now: Date.now(), file, dataDir, force: true, confirm: confirm(true) });
    expect(asked).toEqual([true, true]);
    expect(await devicesNow()).toEqual(['of-the-backup']);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each([
    ['cut off', async () => truncate(file, (await stat(file)).size - 100)],
    ['changed', async () => writeFile(file, flipped(await readFile(file)))],
    ['something else', async () => writeFile(file, 'hello')],
    ['empty', async () => truncate(file, 0)],
  ])('when the file is %s, nothing is replaced', async (_name, damage) => {
    await prepare();
    await damage();
    await expect(restoreHub({ now: Date.now(), file, dataDir, force: true })).rejects.toMatchObject({
      code: 'data-unusable',
    });
    expect(await devicesNow()).toEqual(['of-later', 'of-the-backup']);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('when it is stopped, nothing is replaced', async () => {
    await prepare();
    const stopping = new AbortController();
    const confirm = (): Promise<boolean> => {
      stopping.abort(new Error('stopped'));
      return Promise.resolve(true);
    };
    await expect(
      restoreHub({ now: Date.now(), file, dataDir, force: true, confirm, signal: stopping.signal }),
    ).rejects.toThrow('stopped');
    expect(await devicesNow()).toEqual(['of-later', 'of-the-backup']);
  });

  test('when the file is of something else, that is said', async () => {
    await writeFile(file, 'id: north');
    await expect(
      restoreHub({ now: Date.now(), file, dataDir, force: false, confirm: async () => true }),
    ).rejects.toMatchObject({
      code: 'data-unusable',
      message: `${file} is no backup of a hub`,
    });
  });

  test('when there is no file or no data, that is said', async () => {
    await expect(restoreHub({ now: Date.now(), file, dataDir, force: false })).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await expect(save()).rejects.toMatchObject({ code: 'not-found' });
  });
});

function flipped(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}
