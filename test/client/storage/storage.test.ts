import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectHub, type ArtifactStore, type RecordStore } from '../../../src/client/index.ts';
import { openBlobServer, type BlobServer } from '../../support/blob-server.ts';
import { realClock } from '../../support/real-clock.ts';
import { collect, quickClock, testConnection } from '../scripted-hub.ts';

let server: BlobServer;
let count = 0;
let container: string;

beforeAll(async () => {
  server = await openBlobServer();
});

afterAll(() => server.close());

beforeEach(() => {
  container = `store-${count++}`;
});

const cloud = { ...testConnection, kind: 'cloud', hostName: 'plant.azure-devices.net' } as const;
/** The signatures of the server end by its own clock. */
const farOff = Date.UTC(2100, 0, 1);

async function open(
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly records: RecordStore; readonly artifacts: ArtifactStore }> {
  const given = {
    IOTCTL_STORAGE_URL: await server.sign(container, undefined, 'rcwdl', farOff),
    IOTCTL_STORAGE_READ_URL: await server.sign(container, undefined, 'r', farOff),
    ...env,
  };
  return connectHub(cloud, { clock: quickClock(), random: () => 0.5, env: given });
}

describe('records in a container', () => {
  test('are created, read, replaced by their etags and removed', async () => {
    const { records } = await open();
    await expect(records.read('rollouts/a/state')).resolves.toBeUndefined();
    const etag = await records.write('rollouts/a/state', { n: 1 }, { etag: 'none' });
    await expect(records.read('rollouts/a/state')).resolves.toEqual({
      name: 'rollouts/a/state',
      etag,
      value: { n: 1 },
    });
    await expect(records.write('rollouts/a/state', { n: 1 }, { etag: 'none' })).rejects.toMatchObject({
      code: 'changed-meanwhile',
    });
    const next = await records.write('rollouts/a/state', { n: 2 }, { etag });
    expect(next).not.toBe(etag);
    await expect(records.write('rollouts/a/state', { n: 3 }, { etag })).rejects.toMatchObject({
      code: 'changed-meanwhile',
    });
    await records.write('rollouts/a/state', { n: 4 });
    await records.remove('rollouts/a/state');
    await expect(records.remove('rollouts/a/state')).rejects.toMatchObject({ code: 'not-found' });
    await expect(records.write('rollouts/a/state', { n: 5 }, { etag: next })).rejects.toMatchObject({
      code: 'changed-meanwhile',
    });
  });

  test('when many write on one etag at once, then one does', async () => {
    const { records } = await open();
    const etag = await records.write('a', { n: 0 });
    const writes = Array.from({ length: 10 }, (_, n) => records.write('a', { n }, { etag }));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('are listed by prefix in the byte order of their names', async () => {
    const { records } = await open();
    const names = ['r/B', 'r/a', 'r/a.b', 'r/a/x', 'r/b', 'r/a+b@c', 'q', 'ra'];
    for (const name of names) await records.write(name, { name });
    for (let n = 0; n < 12; n++) await records.write(`many/${n}`, {});
    const found = await collect(records.list('r/'));
    expect(found.map(({ name }) => name)).toEqual(names.filter((name) => name.startsWith('r/')).toSorted());
    expect(found.every(({ name, value }) => value['name'] === name)).toBe(true);
    expect(await collect(records.list('many/'))).toHaveLength(12);
  });

  test('when a name or a value cannot be kept, then it is refused', async () => {
    const { records } = await open();
    await expect(records.write('../a', {})).rejects.toMatchObject({ code: 'invalid-value' });
    await expect(records.write('a', { t: 'x'.repeat(4 << 20) })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

/** In front of the storage: takes the first answer to a PUT away. */
async function losing(work: (origin: string) => Promise<void>): Promise<void> {
  let lost = false;
  const proxy = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name.startsWith('x-ms') || name.startsWith('if-')),
      ) as Record<string, string>;
      const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
      const answer = await fetch(`${server.origin}${request.url}`, { method: request.method!, headers, ...body });
      if (request.method === 'PUT' && !lost) {
        lost = true;
        request.socket.destroy();
        return;
      }
      response
        .writeHead(answer.status, Object.fromEntries(answer.headers))
        .end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
}

describe('a lost answer of the storage', () => {
  test('when the record of its own making is there, then it was written', async () => {
    await losing(async (origin) => {
      const url = (await server.sign(container, undefined, 'rcwdl', farOff)).replace(server.origin, origin);
      const { records } = await open({ IOTCTL_STORAGE_URL: url, IOTCTL_STORAGE_READ_URL: '' });
      const etag = await records.write('a', { b: 1, a: 2 }, { etag: 'none' });
      await expect(records.read('a')).resolves.toMatchObject({ etag, value: { a: 2, b: 1 } });
    });
  });
});

describe('firmware files in a container', () => {
  const bytes = randomBytes(10_000_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const size = bytes.length;
  async function* pieces(of = bytes): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < of.length; at += 1_000_000) yield of.subarray(at, at + 1_000_000);
  }

  test('are brought once in blocks, found, listed, and fetched by an address that only reads', async () => {
    const { artifacts } = await open();
    await expect(artifacts.find(sha256)).resolves.toBeUndefined();
    const progress: number[] = [];
    const stored = await artifacts.put({ sha256, size }, () => pieces(), { onProgress: (sent) => progress.push(sent) });
    expect(stored).toMatchObject({ sha256, size });
    expect(progress.at(-1)).toBe(size);
    expect(progress.length).toBeGreaterThan(1);
    await expect(
      artifacts.put({ sha256, size }, () => {
        throw new Error('it is sent again');
      }),
    ).resolves.toEqual(stored);
    expect(await collect(artifacts.list())).toEqual([stored]);
    const url = await artifacts.signUrl(sha256, realClock.now() + 60_000);
    const part = await fetch(url, { headers: { range: 'bytes=9999990-' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(9_999_990));
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    await expect(artifacts.signUrl('0'.repeat(64), realClock.now() + 60_000)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test.each([
    ['another content', { sha256: '0'.repeat(64), size }],
    ['more', { sha256, size: size - 1 }],
    ['less', { sha256, size: size + 1 }],
  ])('when it is %s than its name says, then there is none', async (_, artifact) => {
    const { artifacts } = await open();
    await expect(artifacts.put(artifact, () => pieces())).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(artifacts.find(artifact.sha256)).resolves.toBeUndefined();
  });

  test('when the address that reads ends before it is needed, then that is said', async () => {
    const { artifacts } = await open();
    await artifacts.put({ sha256, size }, () => pieces());
    await expect(artifacts.signUrl(sha256, farOff + 1_000)).rejects.toMatchObject({ code: 'invalid-config' });
  });
});

describe('the settings of the storage', () => {
  test('when no container is named, then nothing is asked and the hint says how', async () => {
    const { records, artifacts } = connectHub(cloud, { clock: quickClock(), random: () => 0.5 });
    for (const work of [records.read('a'), artifacts.find('0'.repeat(64)), collect(records.list(''))])
      await expect(work).rejects.toMatchObject({
        code: 'unsupported',
        hint: expect.stringContaining('IOTCTL_STORAGE_URL'),
      });
  });

  test('when there is no address that only reads, then devices are given none', async () => {
    const { artifacts } = await open({ IOTCTL_STORAGE_READ_URL: '' });
    await expect(artifacts.signUrl('0'.repeat(64), Date.now())).rejects.toMatchObject({ code: 'unsupported' });
  });

  const secret = 'c2VjcmV0';
  test.each([
    ['no address', secret],
    ['plain HTTP', `http://store.example/c?sp=rcwdl&sig=${secret}`],
    ['no container', `https://store.example/?sp=rcwdl&sig=${secret}`],
    ['no signature', `https://store.example/c?x=${secret}`],
  ])('when it has %s, then it is refused without being shown', async (_, url) => {
    const { records } = await open({ IOTCTL_STORAGE_URL: url });
    const failure = (await records.read('a').catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: 'invalid-config' });
    expect(JSON.stringify([failure.message, failure])).not.toContain(secret);
  });

  test('when the address for devices allows more than to read, or is of another container, then it is refused', async () => {
    for (const url of [
      await server.sign(container, undefined, 'rw', farOff),
      await server.sign('other', undefined, 'r', farOff),
    ]) {
      const { records } = await open({ IOTCTL_STORAGE_READ_URL: url });
      await expect(records.read('a')).rejects.toMatchObject({ code: 'invalid-config' });
    }
  });

  test('when the profile keeps both addresses, then they are used', async () => {
    const storageUrl = `${await server.sign(container, undefined, 'rcwdl', farOff)}\n${await server.sign(container, undefined, 'r', farOff)}`;
    const { records } = connectHub({ ...cloud, storageUrl }, { clock: quickClock(), random: () => 0.5 });
    await records.write('a', {});
    await expect(records.read('a')).resolves.toMatchObject({ value: {} });
  });

  test('when the signature is refused or nobody answers, then that is said without it', async () => {
    const wrong = (await server.sign(container, undefined, 'rcwdl', farOff)).replace(/sig=[^&]+/, 'sig=AAAA');
    const refused = (await open({ IOTCTL_STORAGE_URL: wrong })).records.read('a');
    await expect(refused).rejects.toMatchObject({ code: 'not-authorised' });
    const nobody = (
      await open({ IOTCTL_STORAGE_URL: 'http://127.0.0.1:9/blobs/c?sig=c2VjcmV0', IOTCTL_STORAGE_READ_URL: '' })
    ).records;
    const failure = (await nobody.read('a').catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: 'hub-unreachable' });
    expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain('c2VjcmV0');
  });
});
