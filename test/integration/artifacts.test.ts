import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { issueSelfSigned } from '../../src/x509/index.ts';
import { collect } from '../client/scripted-hub.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub();
});

afterAll(() => hub.close());

function firmware(size: number): { readonly bytes: Buffer; readonly sha256: string; readonly size: number } {
  const bytes = randomBytes(size);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), size };
}

async function* pieces(bytes: Buffer, length = 64 * 1024): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function ownerToken(): string {
  const { sharedAccessKeyName, sharedAccessKey = '' } = parseConnectionString(hub.info.connectionString);
  return createSasToken({
    resource: 'localhost',
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt: Date.now() / 1_000 + 600,
  });
}

test.each(['plain', 'TLS'])(
  'over %s, a file is brought once, found, listed and fetched by its address',
  async (way) => {
    const { artifacts } = way === 'plain' ? hub.client : hub.secureClient();
    const { bytes, sha256, size } = firmware(3_000_000);
    await expect(artifacts.find(sha256)).resolves.toBeUndefined();
    const progress: number[] = [];
    const stored = await artifacts.put({ sha256, size }, () => pieces(bytes), {
      onProgress: (sent) => progress.push(sent),
    });
    expect(stored).toMatchObject({ sha256, size });
    expect(progress.at(-1)).toBe(size);
    expect(progress.length).toBeGreaterThan(10);
    await expect(artifacts.find(sha256)).resolves.toEqual(stored);
    expect(await collect(artifacts.list())).toContainEqual(stored);
    await expect(
      artifacts.put({ sha256, size }, () => {
        throw new Error('it is sent again');
      }),
    ).resolves.toEqual(stored);

    const url = new URL(await artifacts.signUrl(sha256, Date.now() + 60_000));
    expect(url.origin).toBe(`https://localhost:${hub.info.ports.https}`);
    const plain = new URL(`${url.pathname}${url.search}`, `http://127.0.0.1:${hub.info.ports.http}`);
    const whole = await fetch(plain);
    expect(Buffer.compare(Buffer.from(await whole.arrayBuffer()), bytes)).toBe(0);
    const part = await fetch(plain, { headers: { range: 'bytes=1000000-', 'if-range': `"${sha256}"` } });
    expect(part.status).toBe(206);
    expect(Buffer.compare(Buffer.from(await part.arrayBuffer()), bytes.subarray(1_000_000))).toBe(0);
  },
);

test('when the file is not what its name says, then that is the failure and nothing is kept', async () => {
  const { artifacts } = hub.client;
  const { bytes, sha256, size } = firmware(200_000);
  const other = firmware(size);
  await expect(artifacts.put({ sha256, size }, () => pieces(other.bytes))).rejects.toMatchObject({
    code: 'invalid-input',
  });
  for (const wrong of [size - 1, size + 1])
    await expect(artifacts.put({ sha256, size: wrong }, () => pieces(bytes))).rejects.toMatchObject({
      code: 'invalid-input',
    });
  await expect(artifacts.find(sha256)).resolves.toBeUndefined();
  await expect
    .poll(() => readdir(join(hub.info.dataDir, 'artifacts')))
    .not.toContainEqual(expect.stringMatching(/\.part$/));
});

test('when the file cannot be read while it is sent, then that is the failure', async () => {
  const { sha256, size, bytes } = firmware(200_000);
  async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes.subarray(0, 1_000);
    throw Object.assign(new Error('gone'), { code: 'ENOENT', syscall: 'read', path: 'pump.bin' });
  }
  await expect(hub.client.artifacts.put({ sha256, size }, breaking)).rejects.toMatchObject({ code: 'file-not-found' });
});

test('when the upload is given up, then nothing is kept', async () => {
  const { sha256, size, bytes } = firmware(2_000_000);
  const stop = new AbortController();
  const onProgress = (sent: number): void => (sent > 500_000 ? stop.abort(new Error('enough')) : undefined);
  await expect(
    hub.client.artifacts.put({ sha256, size }, () => pieces(bytes), { signal: stop.signal, onProgress }),
  ).rejects.toThrow('enough');
  await expect
    .poll(() => readdir(join(hub.info.dataDir, 'artifacts')))
    .not.toContainEqual(expect.stringMatching(/\.part$/));
  await expect(hub.client.artifacts.find(sha256)).resolves.toBeUndefined();
});

test('when the hub was killed in the midst of an upload, then the next start clears it away', async () => {
  const left = join(hub.info.dataDir, 'artifacts', 'deadbeef-1.part');
  const { sha256, size, bytes } = firmware(1_000);
  await hub.client.artifacts.put({ sha256, size }, () => pieces(bytes));
  const url = new URL(await hub.client.artifacts.signUrl(sha256, Date.now() + 60_000));
  await hub.restart(() => writeFile(left, 'half'));
  await expect(readFile(left)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(hub.client.artifacts.find(sha256)).resolves.toMatchObject({ size });
  const answer = await fetch(`http://127.0.0.1:${hub.info.ports.http}${url.pathname}${url.search}`);
  expect(answer.status).toBe(200);
});

test('when a body comes without a length, or is longer or shorter than it says, then it is refused', async () => {
  const { sha256, bytes } = firmware(1_000);
  const address = `http://127.0.0.1:${hub.info.ports.http}/iotctl/artifacts/${sha256}`;
  const headers = { authorization: ownerToken() };
  const chunked = { method: 'PUT', headers, body: new Blob([bytes]).stream(), duplex: 'half' } as const;
  expect((await fetch(address, chunked)).status).toBe(400);
  const socket = connect(hub.info.ports.http ?? 0, '127.0.0.1');
  socket.write(
    `PUT /iotctl/artifacts/${sha256} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${headers.authorization}\r\ncontent-length: 1000\r\n\r\n`,
  );
  socket.end(bytes.subarray(0, 500));
  socket.resume();
  await once(socket, 'close');
  expect((await fetch(address, { headers })).status).toBe(404);
});

test('a device fetches with its certificate, by the name in it or by the one it says, as long as it is enabled', async () => {
  const own = await issueSelfSigned({ commonName: 'cert-1', now: Date.now(), days: 1 });
  const other = await issueSelfSigned({ commonName: 'cert-1', now: Date.now(), days: 1 });
  const { fingerprint256 } = new X509Certificate(own.certificate);
  const primaryThumbprint = fingerprint256.replaceAll(':', '');
  const authentication = {
    type: 'selfSigned',
    symmetricKey: { primaryKey: null, secondaryKey: null },
    x509Thumbprint: { primaryThumbprint, secondaryThumbprint: null },
  } as const;
  for (const deviceId of ['cert-1', 'cert-2']) await hub.client.devices.put({ deviceId, authentication });
  const { sha256, size, bytes } = firmware(1_000);
  await hub.client.artifacts.put({ sha256, size }, () => pieces(bytes));
  const ca = await readFile(hub.info.caFile);
  const fetchWith = (pair: typeof own | undefined, query = ''): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const shown = pair === undefined ? {} : { key: pair.key, cert: pair.certificate };
      const options = {
        port: hub.info.ports.https,
        path: `/iotctl/artifacts/${sha256}${query}`,
        ca,
        agent: false,
        ...shown,
      };
      get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
  expect(await fetchWith(own)).toBe(200);
  expect(await fetchWith(own, '?device=cert-2')).toBe(200);
  expect(await fetchWith(own, '?device=nobody')).toBe(401);
  expect(await fetchWith(other)).toBe(401);
  expect(await fetchWith(undefined)).toBe(401);
  await hub.client.devices.put({ deviceId: 'cert-1', authentication, status: 'disabled' }, { etag: '*' });
  expect(await fetchWith(own)).toBe(403);
});

test('records are kept over a restart, and the hub tells who runs it', async () => {
  const etag = await hub.client.records.write('rollouts/a/state', { n: 1 }, { etag: 'none' });
  await hub.restart();
  await expect(hub.client.records.read('rollouts/a/state')).resolves.toEqual({
    name: 'rollouts/a/state',
    etag,
    value: { n: 1 },
  });
  await expect(hub.client.records.write('rollouts/a/state', {}, { etag: 'none' })).rejects.toMatchObject({
    code: 'changed-meanwhile',
  });
  await hub.client.records.write('rollouts/a/state', { n: 2 }, { etag });
  const names = (await collect(hub.client.records.list('rollouts/'))).map(({ name, value }) => [name, value]);
  expect(names).toEqual([['rollouts/a/state', { n: 2 }]]);
  await hub.client.records.remove('rollouts/a/state');
  await expect(hub.client.records.remove('rollouts/a/state')).rejects.toMatchObject({ code: 'not-found' });
});
