import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHttp, type Call, type HttpFixture, type Method } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeAll(async () => {
  fixture = await openHttp();
});

afterAll(() => fixture.close());

function call(method: Method, path: string, options?: Call) {
  return fixture.call(method, path, options);
}

describe('identities', () => {
  test('when a device is put without If-Match, it is created once and then refused', async () => {
    const created = await call('PUT', '/devices/pump-1', { body: { deviceId: 'pump-1' } });
    expect(created.status).toBe(200);
    expect(created.headers['etag']).toBe(`"${created.body.etag}"`);
    expect(Buffer.from(created.body.authentication.symmetricKey.primaryKey, 'base64')).toHaveLength(32);
    const again = await call('PUT', '/devices/pump-1', { body: { deviceId: 'pump-1' } });
    expect(again.status).toBe(409);
    expect(again.headers['iothub-errorcode']).toBe('DeviceAlreadyExists');
    expect(again.body.Message).toMatch(/^ErrorCode:DeviceAlreadyExists;[^;]*'pump-1'[^;]*$/);
    expect(again.body.ExceptionMessage).toMatch(/^Tracking ID:[0-9A-F]{32}-G:0-TimeStamp:/);
  });

  test('when If-Match comes bare, quoted or as a star, it means the same', async () => {
    const { body: first } = await call('PUT', '/devices/etags', { body: {} });
    const second = await call('PUT', '/devices/etags', { body: {}, headers: { 'if-match': `"${first.etag}"` } });
    expect(second.status).toBe(200);
    const third = await call('PUT', '/devices/etags', { body: {}, headers: { 'if-match': second.body.etag } });
    expect(third.status).toBe(200);
    expect((await call('PUT', '/devices/etags', { body: {}, headers: { 'if-match': first.etag } })).status).toBe(412);
    expect((await call('PUT', '/devices/etags', { body: {}, headers: { 'if-match': '"*"' } })).status).toBe(200);
    expect((await call('DELETE', '/devices/etags')).status).toBe(412);
    expect((await call('DELETE', '/devices/etags', { headers: { 'if-match': '*' } })).status).toBe(204);
    expect((await call('DELETE', '/devices/etags', { headers: { 'if-match': '*' } })).status).toBe(404);
  });

  test('when fixed words have another case or a slash follows, the route is the same and ids keep their case', async () => {
    expect((await call('PUT', '/Devices/CaseId/', { body: {} })).body.deviceId).toBe('CaseId');
    expect((await call('GET', '/DEVICES/CaseId')).status).toBe(200);
    expect((await call('GET', '/devices/caseid')).status).toBe(404);
    expect((await call('GET', '/devices/?top=1')).body).toHaveLength(1);
  });

  test.each(['a%b', 'a#b', 'a?b', 'a+b', 'a:b', "a'(b)!*", 'a@b,c=d$', '100%25'])(
    'when an id is %s, it is decoded once',
    async (id) => {
      const path = `/devices/${encodeURIComponent(id)}`;
      expect((await call('PUT', path, { body: { deviceId: id } })).body.deviceId).toBe(id);
      expect((await call('GET', path)).body.deviceId).toBe(id);
    },
  );
});

describe('versions, bodies and refusals', () => {
  test.each([null, '', '2015-01-01', 'abc'])('when api-version is %s, the answer is 400', async (version) => {
    const answer = await call('GET', '/devices/pump-1', { version });
    expect([answer.status, answer.headers['iothub-errorcode']]).toEqual([400, 'InvalidProtocolVersion']);
  });

  test.each(['2016-02-03', '2020-05-31-preview', '2024-03-31'])(
    'when api-version is %s, it is accepted',
    async (version) => {
      expect((await call('GET', '/devices', { version })).status).toBe(200);
    },
  );

  test('when no token or one without the right comes, the answer is 401 with one text', async () => {
    for (const policy of [null, 'device', 'service']) {
      const answer = await call('GET', '/devices/pump-1', { policy });
      expect([answer.status, answer.headers['iothub-errorcode']]).toEqual([401, 'IotHubUnauthorizedAccess']);
    }
  });

  test.each([
    ['cut short', '{"a":', 'DeserializationError'],
    ['after a prototype', '{"__proto__":{"polluted":1}}', 'ArgumentInvalid'],
    ['nested without end', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 'ArgumentInvalid'],
    ['an array', '[]', 'ArgumentInvalid'],
    ['empty', '', 'ArgumentNull'],
  ])('when the body is %s, it is refused', async (_what, body, symbol) => {
    const answer = await call('PUT', '/devices/bad-body', { body });
    expect([answer.status, answer.headers['iothub-errorcode']]).toEqual([400, symbol]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('when a body is too large, the answer is 413', async () => {
    expect((await call('PUT', '/devices/large', { body: { x: 'y'.repeat(100_000) } })).status).toBe(413);
  });

  test('when the address is unknown or broken, the envelope is the same', async () => {
    expect((await call('GET', '/nothing/here')).body.Message).toMatch(/^ErrorCode:NotFound;/);
    expect((await call('GET', '/devices/%E0%A4%A')).body.Message).toMatch(/^ErrorCode:/);
  });
});

function ask(continuation?: string) {
  const headers = {
    'x-ms-max-item-count': '2',
    ...(continuation === undefined ? {} : { 'x-ms-continuation': continuation }),
  };
  return call('POST', '/devices/query', {
    body: { query: "SELECT * FROM devices WHERE STARTSWITH(deviceId, 'q-')" },
    headers,
  });
}

describe('twins, queries and statistics', () => {
  test('when a twin is patched, the etag moves and a stale etag is refused', async () => {
    await call('PUT', '/devices/twin-1', { body: {} });
    const before = await call('GET', '/twins/twin-1');
    const after = await call('PATCH', '/twins/twin-1', {
      body: { tags: { site: 'north' }, properties: { desired: { interval: 5 } } },
      headers: { 'if-match': before.body.etag },
    });
    expect(after.body).toMatchObject({
      tags: { site: 'north' },
      properties: { desired: { interval: 5, $version: 2 } },
    });
    expect(after.body.etag).not.toBe(before.body.etag);
    expect((await call('PATCH', '/twins/twin-1', { body: {}, headers: { 'if-match': before.body.etag } })).status).toBe(
      412,
    );
    const replaced = await call('PUT', '/twins/twin-1', { body: { properties: { desired: { only: 1 } } } });
    expect(replaced.body.tags).toEqual({});
    expect(replaced.body.properties.desired).toMatchObject({ only: 1, $version: 3 });
  });

  test('when a query has more rows than a page, continuation leads on and ends by its absence', async () => {
    for (const id of ['q-1', 'q-2', 'q-3']) await call('PUT', `/devices/${id}`, { body: {} });
    const first = await ask();
    expect(first.body.map((row: { deviceId: string }) => row.deviceId)).toEqual(['q-1', 'q-2']);
    expect(first.headers['x-ms-item-type']).toBe('Twin');
    const second = await ask(String(first.headers['x-ms-continuation']));
    expect(second.body).toHaveLength(1);
    expect(second.headers).not.toHaveProperty('x-ms-continuation');
  });

  test('when a query is wrong, the answer is 400 ArgumentInvalid', async () => {
    const answer = await call('POST', '/devices/query', { body: { query: 'SELECT FROM' } });
    expect([answer.status, answer.headers['iothub-errorcode']]).toEqual([400, 'ArgumentInvalid']);
    expect(answer.body.Message.split(';')).toHaveLength(2);
  });

  test('when statistics and status are asked, they count', async () => {
    const { body } = await call('GET', '/statistics/devices');
    expect(body.totalDeviceCount).toBe(body.enabledDeviceCount + body.disabledDeviceCount);
    expect((await call('GET', '/statistics/service', { policy: 'service' })).body).toEqual({ connectedDeviceCount: 0 });
    expect((await call('GET', '/iotctl/status', { policy: 'device', version: null })).body).toMatchObject({
      version: '1.2.3',
      telemetry: { messages: 0, oldest: null },
    });
  });
});
