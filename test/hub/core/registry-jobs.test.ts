import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobPath } from '../../../src/hub/core/blobs/names.ts';
import type { BlobPermission, BlobService } from '../../../src/hub/core/blobs/service.ts';
import { createBlobFiles, openRemoteContainer } from '../../../src/hub/store/blobs/index.ts';
import type { RegistryJob } from '../../../src/protocol/registry-job.ts';
import { openBlobServer, type BlobServer } from '../../support/blob-server.ts';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';

let directory: string;
let fixture: CoreFixture;
let blobs: BlobService;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-jobs-'));
  fixture = await openCore({ files: { blobs: createBlobFiles(directory), openContainer: openRemoteContainer } });
  blobs = fixture.core.files.blobs!;
});

afterEach(async () => {
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

async function addressOf(container: string, permissions = 'rcwdl', expiresAt?: number): Promise<string> {
  const query = await blobs.sign({
    container,
    permissions: permissions.split('') as BlobPermission[],
    expiresAt: expiresAt ?? fixture.clock.now() + 3_600_000,
  });
  return `https://hub.example${blobPath({ container })}${query}`;
}

async function put(container: string, blob: string, text: string): Promise<void> {
  // oxlint-disable-next-line typescript/require-await -- a body comes as it comes
  const bytes = (async function* () {
    yield Buffer.from(text);
  })();
  const write = { description: { metadata: {} }, conditions: {}, mayReplace: true };
  await blobs.put({ container, blob }, { bytes }, write);
}

async function linesOf(container: string, blob: string): Promise<Record<string, unknown>[]> {
  const opened = await blobs.open({ container, blob });
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.bytes(0, opened.properties.size)) chunks.push(chunk);
  opened.release();
  const lines = Buffer.concat(chunks).toString('utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function finished({ jobId }: RegistryJob): Promise<RegistryJob> {
  const over = new Set(['completed', 'failed', 'cancelled']);
  await expect
    .poll(async () => (await fixture.core.files.registryJobs.get(jobId)).status, { timeout: 10_000 })
    .toSatisfy((status: string) => over.has(status));
  return fixture.core.files.registryJobs.get(jobId);
}

async function run(body: object): Promise<RegistryJob> {
  return finished(await fixture.core.files.registryJobs.create(body));
}

async function createDevices(count: number): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    const elements = Array.from({ length: Math.min(100, count - at) }, (_, index) => ({
      id: `pump-${String(at + index).padStart(5, '0')}`,
      importMode: 'create',
      tags: { number: at + index },
    }));
    expect((await fixture.core.registry.bulk(elements)).isSuccessful).toBe(true);
  }
}

describe('an export', () => {
  test('when all goes well, every identity is a line with its keys, twin and modules', async () => {
    await createDevices(1_203);
    await fixture.core.registry.modules.put('pump-00001/camera', {}, undefined);
    const job = await run({ type: 'Export', outputBlobContainerUri: await addressOf('exports') });
    expect(job).toMatchObject({ type: 'export', status: 'completed', progress: 100 });
    expect(job.outputBlobContainerUri).toBe('https://hub.example/blobs/exports');
    const lines = await linesOf('exports', 'devices.txt');
    expect(lines).toHaveLength(1_204);
    const identity = await fixture.core.registry.get('pump-00007');
    expect(lines[7]).toMatchObject({
      id: 'pump-00007',
      eTag: identity.etag,
      status: 'enabled',
      authentication: { type: 'sas', symmetricKey: identity.authentication.symmetricKey },
      tags: { number: 7 },
    });
    expect(lines.at(-1)).toMatchObject({ id: 'pump-00001', moduleId: 'camera' });
  });

  test('when keys are excluded, no line has one', async () => {
    await createDevices(3);
    await run({ type: 'export', outputBlobContainerUri: await addressOf('exports'), excludeKeysInExport: true });
    const { primaryKey } = (await fixture.core.registry.get('pump-00000')).authentication.symmetricKey;
    const text = JSON.stringify(await linesOf('exports', 'devices.txt'));
    expect(text).not.toContain('symmetricKey');
    expect(text).not.toContain(primaryKey);
  });

  test('when it is written to a container elsewhere, it arrives there', async () => {
    const elsewhere: BlobServer = await openBlobServer();
    try {
      await createDevices(250);
      const job = await run({
        type: 'export',
        outputBlobContainerUri: await elsewhere.sign('exports', undefined, 'rwdl'),
      });
      expect(job).toMatchObject({ status: 'completed' });
      const stored = await fetch(await elsewhere.sign('exports', 'devices.txt', 'r'));
      expect((await stored.text()).split('\n').filter(Boolean)).toHaveLength(250);
      expect((await elsewhere.blobs.list('exports', { limit: 10 })).blobs).toHaveLength(1);
    } finally {
      await elsewhere.close();
    }
  });
});

describe('an import', () => {
  test('when an export is imported after all was deleted, the devices are as they were', async () => {
    await createDevices(150);
    await fixture.core.registry.modules.put('pump-00001/camera', {}, undefined);
    const before = await fixture.core.registry.get('pump-00042');
    const output = await addressOf('exports');
    await run({ type: 'export', outputBlobContainerUri: output });
    for (let at = 0; at < 150; at += 50) {
      const ids = Array.from({ length: 50 }, (_, index) => `pump-${String(at + index).padStart(5, '0')}`);
      await fixture.core.registry.bulk(ids.map((id) => ({ id, importMode: 'delete' })));
    }
    expect((await fixture.core.registry.counts()).total).toBe(0);
    const job = await run({ type: 'import', inputBlobContainerUri: output, outputBlobContainerUri: output });
    expect(job).toMatchObject({ status: 'completed', inputBlobName: 'devices.txt' });
    expect((await fixture.core.registry.counts()).total).toBe(150);
    const after = await fixture.core.registry.get('pump-00042');
    expect(after.authentication).toEqual(before.authentication);
    expect((await fixture.core.twins.get('pump-00042')).tags).toEqual({ number: 42 });
    expect(await fixture.core.registry.modules.list('pump-00001')).toHaveLength(1);
    await expect(linesOf('exports', 'importErrors.log')).rejects.toMatchObject({ code: 'BlobNotFound' });
  });

  test('when edge devices stand below each other, children find their parents by the scopes of this hub', async () => {
    const { registry, twins } = fixture.core;
    const edge = { capabilities: { iotEdge: true } };
    const { deviceScope: outer = '' } = await registry.put('z-edge', edge, undefined);
    const { deviceScope: inner = '' } = await registry.put('m-edge', { ...edge, parentScopes: [outer] }, undefined);
    await registry.put('a-leaf', { deviceScope: inner }, undefined);
    await twins.patch('m-edge/$edgeHub', { properties: { desired: { ttl: 7 } } }, undefined);
    const uri = await addressOf('exports');
    const body = { type: 'import', inputBlobContainerUri: uri, outputBlobContainerUri: uri };
    await run({ type: 'export', outputBlobContainerUri: uri });
    // Once over what is there, and once from nothing.
    expect(await run(body)).toMatchObject({ status: 'completed' });
    await registry.bulk(['z-edge', 'm-edge', 'a-leaf'].map((id) => ({ id, importMode: 'delete' })));
    await fixture.clock.advance(1_000);
    expect(await run(body)).toMatchObject({ status: 'completed' });
    await expect(linesOf('exports', 'importErrors.log')).rejects.toMatchObject({ code: 'BlobNotFound' });
    const middle = await registry.get('m-edge');
    expect(middle.parentScopes).toEqual([(await registry.get('z-edge')).deviceScope]);
    expect(middle.deviceScope).not.toBe(inner);
    expect((await registry.get('a-leaf')).deviceScope).toBe(middle.deviceScope);
    expect((await twins.get('m-edge/$edgeHub')).properties.desired).toMatchObject({ ttl: 7 });
  });

  test('when a parent is nowhere, its child is in the log', async () => {
    await put('imports', 'devices.txt', '{"id":"leaf","deviceScope":"ms-azure-iot-edge://nowhere-1"}');
    const uri = await addressOf('imports');
    await run({ type: 'import', inputBlobContainerUri: uri, outputBlobContainerUri: uri });
    expect(await linesOf('imports', 'importErrors.log')).toMatchObject([{ deviceId: 'leaf', errorCode: 400028 }]);
  });

  test('when lines are bad, the others are imported and the log says which failed', async () => {
    const lines = [
      '\uFEFF{"id":"good-1"}',
      'not JSON',
      '{"id":"bad id"}',
      '[]',
      '',
      '{"id":"good-2","importMode":"create","tags":{"a":1}}',
      '{"id":"good-2","importMode":"Create"}',
      '{"id":"gone","importMode":"delete"}',
      `{"id":"long","tags":{"x":"${'y'.repeat(1_100_000)}"}}`,
      '{"id":"good-3","__proto__":{"a":1}}',
      '{"id":"good-4"}',
    ];
    await put('imports', 'devices.txt', lines.join('\r\n'));
    const uri = await addressOf('imports');
    const job = await run({ type: 'import', inputBlobContainerUri: uri, outputBlobContainerUri: uri });
    expect(job.status).toBe('completed');
    expect((await fixture.core.registry.list(10)).map(({ deviceId }) => deviceId)).toEqual([
      'good-1',
      'good-2',
      'good-4',
    ]);
    const errors = await linesOf('imports', 'importErrors.log');
    expect(errors.map(({ errorCode }) => errorCode).toSorted((left, right) => Number(left) - Number(right))).toEqual([
      400004, 400004, 400004, 400012, 400012, 404001, 409001,
    ]);
    expect(errors.find(({ errorCode }) => errorCode === 409001)).toMatchObject({ deviceId: 'good-2' });
  });

  test('when the blob is missing, the job fails and says so', async () => {
    const uri = await addressOf('imports');
    const job = await run({ type: 'import', inputBlobContainerUri: uri, outputBlobContainerUri: uri });
    expect(job).toMatchObject({ status: 'failed', failureReason: expect.stringContaining('devices.txt') });
  });

  test('when configurations are asked for, they travel along', async () => {
    const content = { deviceContent: { 'properties.desired.a': 1 } };
    await fixture.core.configurations.put('climate', { id: 'climate', content, targetCondition: '*' }, undefined);
    const uri = await addressOf('exports');
    await run({ type: 'export', outputBlobContainerUri: uri, includeConfigurations: true });
    expect(await linesOf('exports', 'configurations.txt')).toMatchObject([{ id: 'climate' }]);
    await fixture.core.configurations.delete('climate', '*');
    const job = await run({
      type: 'import',
      inputBlobContainerUri: uri,
      outputBlobContainerUri: uri,
      includeConfigurations: true,
    });
    expect(job).toMatchObject({ status: 'completed', configurationsBlobName: 'configurations.txt' });
    expect(await fixture.core.configurations.get('climate')).toMatchObject({ content });
  });
});

describe('what is refused', () => {
  test.each([
    ['a type nobody knows', { type: 'copy' }, 'ArgumentInvalid'],
    ['no container', { type: 'export' }, 'ArgumentNull'],
    ['no address', { type: 'export', outputBlobContainerUri: 'exports' }, 'BlobContainerValidationError'],
    [
      'an address without TLS',
      { type: 'export', outputBlobContainerUri: 'http://example.com/a?sig=x' },
      'BlobContainerValidationError',
    ],
    ['a file', { type: 'export', outputBlobContainerUri: 'file:///etc' }, 'BlobContainerValidationError'],
    ['an identity', { type: 'export', storageAuthenticationType: 'IdentityBased' }, 'ManagedIdentityNotEnabled'],
  ])('when the job has %s, the answer says why', async (_name, body, symbol) => {
    await expect(fixture.core.files.registryJobs.create(body)).rejects.toMatchObject({ symbol });
  });

  test('when the signature does not allow to write or has expired, the job is not made', async () => {
    for (const uri of [await addressOf('exports', 'rl'), await addressOf('exports', 'rwdl', fixture.clock.now() - 1)]) {
      const job = fixture.core.files.registryJobs.create({ type: 'export', outputBlobContainerUri: uri });
      const error: unknown = await job.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ symbol: 'BlobContainerValidationError' });
      expect(String(error)).not.toContain('sig=');
    }
    expect(await fixture.core.files.registryJobs.list()).toEqual([]);
  });
});

describe('one job at a time', () => {
  let slow: Server;
  let release: () => void;
  let puts: number;

  beforeEach(async () => {
    const gate = new Promise<void>((resolve) => (release = resolve));
    puts = 0;
    slow = createServer((request, response) => {
      puts += 1;
      // The try at the creation passes; what the job itself writes waits.
      const wait = puts > 3 ? gate : Promise.resolve();
      request.resume().on('end', () => void wait.then(() => response.writeHead(201).end()));
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', () => resolve()));
  });

  afterEach(async () => {
    release();
    slow.closeAllConnections();
    await new Promise((resolve) => slow.close(resolve));
  });

  function slowJob(): Promise<RegistryJob> {
    const { port } = slow.address() as AddressInfo;
    const outputBlobContainerUri = `http://127.0.0.1:${port}/exports?sig=secret`;
    return fixture.core.files.registryJobs.create({ type: 'export', outputBlobContainerUri });
  }

  test('when one runs, another is refused until it is over', async () => {
    await createDevices(2);
    const first = await slowJob();
    expect(first.status).toBe('enqueued');
    const other = { type: 'export', outputBlobContainerUri: await addressOf('exports') };
    await expect(fixture.core.files.registryJobs.create(other)).rejects.toMatchObject({ symbol: 'JobQuotaExceeded' });
    release();
    expect(await finished(first)).toMatchObject({ status: 'completed' });
    expect(await run(other)).toMatchObject({ status: 'completed' });
    expect(await fixture.core.files.registryJobs.list()).toHaveLength(2);
  });

  test('when the storage does not answer, a job can be cancelled all the same', async () => {
    await createDevices(2);
    const job = await slowJob();
    await expect.poll(() => puts).toBe(4);
    await fixture.core.files.registryJobs.cancel(job.jobId);
    expect(await fixture.core.files.registryJobs.get(job.jobId)).toMatchObject({ status: 'cancelled' });
  });

  test('when the end of one cannot be stored, the next can begin all the same', async () => {
    await createDevices(2);
    await slowJob();
    const { documents } = fixture.store;
    const write = documents.write.bind(documents);
    documents.write = (changes) => {
      const isEnd = changes.some((change) => change.kind === 'put' && change.value['status'] === 'completed');
      return isEnd ? Promise.reject(new Error('the disk is full')) : write(changes);
    };
    release();
    await expect.poll(() => fixture.errors.length).toBe(1);
    documents.write = write;
    const other = { type: 'export', outputBlobContainerUri: await addressOf('exports') };
    expect(await run(other)).toMatchObject({ status: 'completed' });
  });

  test('when a job is cancelled, it ends as cancelled; a job that is over stays as it is', async () => {
    await createDevices(2);
    const job = await slowJob();
    const cancelled = fixture.core.files.registryJobs.cancel(job.jobId);
    release();
    await cancelled;
    const { status, endTimeUtc } = await fixture.core.files.registryJobs.get(job.jobId);
    expect(status).toBe('cancelled');
    expect(endTimeUtc).toBeDefined();
    await fixture.core.files.registryJobs.cancel(job.jobId);
    await expect(fixture.core.files.registryJobs.cancel('nobody')).rejects.toMatchObject({ symbol: 'JobNotFound' });
  });
});
