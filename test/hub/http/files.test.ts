import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BlobService } from '../../../src/hub/core/blobs/service.ts';
import { createBlobFiles, openRemoteContainer } from '../../../src/hub/store/blobs/index.ts';
import { deviceToken } from '../../support/core-fixture.ts';
import { openHttp, type Answer, type HttpFixture } from '../../support/http-fixture.ts';

let directory: string;
let fixture: HttpFixture;
let blobs: BlobService;

let device: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-files-'));
  fixture = await openHttp({ files: { blobs: createBlobFiles(directory), openContainer: openRemoteContainer } });
  blobs = fixture.core.files.blobs!;
});

afterAll(async () => {
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  count += 1;
  device = `pump-${count}`;
  await fixture.core.registry.put(device, {}, undefined);
});

async function post(path: string, body: unknown): Promise<Answer> {
  const authorization = await deviceToken(fixture, device);
  return fixture.call('POST', `/devices/${device}/files${path}`, { body, headers: { authorization }, policy: null });
}

async function upload(blobName: string, text: string): Promise<string> {
  const { body } = await post('', { blobName });
  // oxlint-disable-next-line typescript/require-await -- a body comes as it comes
  const bytes = (async function* () {
    yield Buffer.from(text);
  })();
  const write = { description: { metadata: {} }, conditions: {}, mayReplace: true };
  await blobs.put({ container: 'uploads', blob: body.blobName }, { bytes }, write);
  return body.correlationId;
}

async function nextNotice(): Promise<unknown> {
  const delivery = await fixture.core.fileNotifications.receive();
  if (delivery === undefined) return undefined;
  await fixture.core.fileNotifications.settle(delivery.lockToken, 'complete');
  expect(delivery.contentType).toBe('application/vnd.microsoft.iothub.filenotification.json');
  return JSON.parse(Buffer.from(delivery.body).toString());
}

const codeOf = ({ status, headers }: Answer): unknown[] => [status, headers['iothub-errorcode']];

describe('a grant', () => {
  test('when a device asks, it gets the parts of an address and a right for its blob alone', async () => {
    const { status, body } = await post('', { blobName: 'folder/a b.txt' });
    expect(status).toBe(200);
    expect(body).toEqual({
      correlationId: expect.stringMatching(/^[\da-f-]{36}$/),
      hostName: 'localhost',
      containerName: 'blobs/uploads',
      blobName: `${device}/folder/a b.txt`,
      sasToken: expect.stringMatching(/^\?sv=2021-12-02&sr=b&sig=[^&]+&se=[^&]+&sp=rw$/),
    });
    const query = new URLSearchParams(body.sasToken);
    const allowed = await blobs.authorize({ container: 'uploads', blob: body.blobName }, query);
    expect([...allowed]).toEqual(['r', 'w']);
    await expect(blobs.authorize({ container: 'uploads', blob: 'other/a' }, query)).rejects.toMatchObject({
      code: 'AuthenticationFailed',
    });
  });

  test.each([
    [{}, 400, 'ArgumentNull'],
    [{ blobName: 7 }, 400, 'ArgumentInvalid'],
    [{ blobName: '../other/x' }, 400, 'ArgumentInvalid'],
    [{ blobName: 'a'.repeat(1_020) }, 400, 'ArgumentInvalid'],
    [{ blobName: 'a\u0000b' }, 400, 'ArgumentInvalid'],
    ['not JSON', 400, 'DeserializationError'],
  ])('when the body is %j, the answer is %i', async (body, status, symbol) => {
    expect(codeOf(await post('', body))).toEqual([status, symbol]);
  });

  test('when the token is of another device or of a back end, the answer is 401', async () => {
    await fixture.core.registry.put(`other-${count}`, {}, undefined);
    const authorization = await deviceToken(fixture, `other-${count}`);
    const call = { body: { blobName: 'a' }, headers: { authorization }, policy: null };
    expect((await fixture.call('POST', `/devices/${device}/files`, call)).status).toBe(401);
    const service = { body: { blobName: 'a' }, policy: 'service' };
    expect((await fixture.call('POST', `/devices/${device}/files`, service)).status).toBe(401);
  });

  test('when ten uploads are under way, the eleventh is refused until one ends or its time is over', async () => {
    const grants: Answer[] = [];
    for (let index = 0; index < 10; index++) grants.push(await post('', { blobName: `${index}` }));
    expect(codeOf(await post('', { blobName: 'eleventh' }))).toEqual([
      403,
      'DeviceMaximumActiveFileUploadLimitExceeded',
    ]);
    await post(`/notifications/${grants[0]?.body.correlationId}`, { isSuccess: false, statusCode: 500 });
    expect((await post('', { blobName: 'eleventh' })).status).toBe(200);
    expect((await post('', { blobName: 'twelfth' })).status).toBe(403);
    await fixture.clock.advance(3_600_000);
    expect((await post('', { blobName: 'twelfth' })).status).toBe(200);
  });
});

describe('the notice of an upload', () => {
  test.each([
    ['in the path', (id: string) => [`/notifications/${id}`, {}] as const],
    ['in the path with a slash behind it', (id: string) => [`/notifications/${id}/`, {}] as const],
    ['in the body', (id: string) => ['/notifications', { correlationId: id }] as const],
    ['in the body with a slash in the path', (id: string) => ['/notifications/', { correlationId: id }] as const],
  ])('when the id is %s, back ends hear of the blob', async (_name, place) => {
    const [path, more] = place(await upload('a b/ü.txt', 'hello'));
    const answer = await post(path, { ...more, isSuccess: true, statusCode: 200, statusDescription: 'fine' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const now = new Date(fixture.clock.now()).toISOString();
    expect(await nextNotice()).toEqual({
      deviceId: device,
      blobUri: `https://localhost/blobs/uploads/${device}/a%20b/%C3%BC.txt`,
      blobName: `${device}/a b/ü.txt`,
      lastUpdatedTime: now,
      blobSizeInBytes: 5,
      enqueuedTimeUtc: now,
    });
    expect(codeOf(await post(path, { ...more, isSuccess: true }))).toEqual([400, 'InvalidFileUploadCorrelationId']);
  });

  test('when the upload failed, nobody hears of it', async () => {
    const id = await upload('a', 'half');
    expect((await post(`/notifications/${id}`, { isSuccess: false, statusCode: -1 })).status).toBe(204);
    expect(await nextNotice()).toBeUndefined();
  });

  test('when there is no blob, a success is refused and can be told again later', async () => {
    const { body } = await post('', { blobName: 'a' });
    const path = `/notifications/${body.correlationId}`;
    expect(codeOf(await post(path, { isSuccess: true }))).toEqual([400, 'InvalidFileUploadCompletionStatus']);
    expect((await post(path, { isSuccess: false })).status).toBe(204);
  });

  test('when the id is unknown, of another device, or its time is over, the answer says which', async () => {
    expect(codeOf(await post('/notifications/nobody', { isSuccess: true }))).toEqual([
      400,
      'InvalidFileUploadCorrelationId',
    ]);
    const id = await upload('a', 'x');
    await fixture.core.registry.put(`other-${count}`, {}, undefined);
    const authorization = await deviceToken(fixture, `other-${count}`);
    const foreign = { body: { isSuccess: true }, headers: { authorization }, policy: null };
    const path = `/devices/other-${count}/files/notifications/${id}`;
    expect(codeOf(await fixture.call('POST', path, foreign))).toEqual([400, 'InvalidFileUploadCorrelationId']);
    await fixture.clock.advance(3_600_000);
    expect(codeOf(await post(`/notifications/${id}`, { isSuccess: true }))).toEqual([
      400,
      'ExpiredFileUploadCorrelationId',
    ]);
  });

  test('when it does not say how it went, the answer is 400', async () => {
    const id = await upload('a', 'x');
    expect(codeOf(await post(`/notifications/${id}`, {}))).toEqual([400, 'InvalidFileUploadCompletionStatus']);
  });
});

describe('import and export over REST', () => {
  test('when a job is made, it is shown, listed and ended by its id', async () => {
    const container = await fixture.call('POST', '/iotctl/containers/fleet', { version: null });
    expect(container.body.uri).toMatch(/^https:\/\/localhost\/blobs\/fleet\?sv=/);
    const body = { type: 'export', outputBlobContainerUri: container.body.uri, excludeKeysInExport: true };
    const created = await fixture.call('POST', '/jobs/create', { body });
    expect([created.status, created.body.status]).toEqual([200, 'enqueued']);
    const path = `/jobs/${created.body.jobId}`;
    await expect.poll(async () => (await fixture.call('GET', path)).body.status).toBe('completed');
    expect((await fixture.call('GET', '/jobs')).body).toHaveLength(1);
    expect((await fixture.call('DELETE', path)).status).toBe(204);
    expect(codeOf(await fixture.call('GET', '/jobs/nobody'))).toEqual([404, 'JobNotFound']);
  });

  test('when the caller may not change devices, the answer is 401', async () => {
    const body = { type: 'export', outputBlobContainerUri: 'https://example.com/a?sig=b' };
    for (const policy of ['service', 'device', 'registryRead']) {
      expect((await fixture.call('POST', '/jobs/create', { body, policy })).status).toBe(401);
      expect((await fixture.call('POST', '/iotctl/containers/fleet', { policy })).status).toBe(401);
    }
    expect((await fixture.call('GET', '/jobs', { policy: 'device' })).status).toBe(401);
  });

  test.each(['A', 'x', 'a--b', '-ab', 'a.b', 'a'.repeat(64)])(
    'when a container is called %s, the answer is 400',
    async (name) => {
      expect((await fixture.call('POST', `/iotctl/containers/${name}`)).status).toBe(400);
    },
  );
});

function readMany(identities: unknown, policy?: string): Promise<Answer> {
  const call = { body: { identities }, version: null, ...(policy !== undefined && { policy }) };
  return fixture.call('POST', '/iotctl/identities/read', call);
}

describe('many identities at once', () => {
  test('when devices and modules are named, those that are there come with their keys', async () => {
    await fixture.core.registry.modules.put(`${device}/camera`, {}, undefined);
    const { status, body } = await readMany([
      device,
      'nobody',
      `${device}/camera`,
      `${device}/nothing`,
      'nobody/x',
      '',
    ]);
    expect(status).toBe(200);
    expect(body.identities).toEqual([
      await fixture.core.registry.get(device),
      await fixture.core.registry.modules.get(`${device}/camera`),
    ]);
  });

  test('when it is no list, too long, or the caller may not read devices, it is refused', async () => {
    for (const identities of [undefined, 'a', [7], Array.from({ length: 1_001 }, () => 'a')])
      expect((await readMany(identities)).status).toBe(400);
    expect((await readMany([device], 'service')).status).toBe(401);
  });
});
