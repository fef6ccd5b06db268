import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeAll(async () => {
  fixture = await openHttp();
  await fixture.call('PUT', '/devices/d', { body: {} });
});

afterAll(() => fixture.close());

const put = (path: string, headers: Record<string, string> = {}) => fixture.call('PUT', path, { body: {}, headers });

const codeOf = async (path: string) => {
  const { status, headers } = await fixture.call('GET', path);
  return [status, headers['iothub-errorcode']];
};

const renew = async (...ids: string[]) => {
  const body = { policyKey: 'both', devices: ids.map((id) => ({ id })) };
  return (await fixture.call('POST', '/devices/keys/regenerate', { body })).status;
};

describe('modules over REST (service.md §2.5, §3, §4)', () => {
  test('when a module is created, read, replaced and deleted, then each answers as documented', async () => {
    const created = await put('/devices/d/modules/cam');
    expect(created).toMatchObject({ status: 200, body: { deviceId: 'd', moduleId: 'cam' } });
    expect(created.headers['etag']).toBe(`"${created.body.etag}"`);
    expect((await fixture.call('GET', '/devices/d/modules')).body).toHaveLength(1);
    expect((await put('/devices/d/modules/cam', { 'if-match': '"stale"' })).status).toBe(412);
    expect((await put('/devices/d/modules/cam', { 'if-match': '"*"' })).status).toBe(200);
    expect((await fixture.call('DELETE', '/devices/d/modules/cam')).status).toBe(412);
    expect((await fixture.call('DELETE', '/devices/d/modules/cam', { headers: { 'if-match': '*' } })).status).toBe(204);
  });

  test('when a module exists already, then the answer has the newer form, which SDKs read too', async () => {
    await put('/devices/d/modules/twice');
    const again = await put('/devices/d/modules/twice');
    expect(again.status).toBe(409);
    expect(again.headers['iothub-errorcode']).toBe('ModuleAlreadyExistsOnDevice');
    expect(again.body).toMatchObject({ errorCode: 409301, trackingId: expect.any(String) });
  });

  test('when module or device is missing, then the code says which; twins know one code for both', async () => {
    expect(await codeOf('/devices/d/modules/none')).toEqual([404, 'ModuleNotFound']);
    expect(await codeOf('/devices/nobody/modules/none')).toEqual([404, 'DeviceNotFound']);
    expect(await codeOf('/devices/nobody/modules')).toEqual([404, 'DeviceNotFound']);
    expect(await codeOf('/twins/d/modules/none')).toEqual([404, 'DeviceNotFound']);
  });

  test('when a slash is smuggled into an id, then no module answers for it', async () => {
    await put('/devices/d/modules/smuggled');
    for (const path of ['/devices/d%2Fsmuggled', '/twins/d%2Fsmuggled', '/devices/d/modules/x%2Fy'])
      expect((await fixture.call('GET', path)).status).toBe(400);
  });

  test("when a module sends telemetry with its own key, then it is stored as the module's", async () => {
    const { body } = await put('/devices/d/modules/sender');
    const send = (key: string) =>
      fixture.call('POST', '/devices/d/modules/sender/messages/events', {
        policy: null,
        body: 'hello',
        headers: {
          authorization: createSasToken({
            resource: 'localhost/devices/d/modules/sender',
            key,
            expiresAt: fixture.clock.now() / 1_000 + 60,
          }),
        },
      });
    expect((await send(body.authentication.symmetricKey.primaryKey)).status).toBe(204);
    const device = (await fixture.call('GET', '/devices/d')).body;
    expect((await send(device.authentication.symmetricKey.primaryKey)).status).toBe(401);
    const messages = [];
    for await (const batch of fixture.telemetry.read({ from: 'earliest', follow: false }))
      messages.push(...batch.messages);
    expect(messages).toMatchObject([{ sender: { deviceId: 'd', moduleId: 'sender', auth: { scope: 'module' } } }]);
  });

  test('when keys are made anew for some, then 200, 207 and 400 tell whether it was all, some or none', async () => {
    expect([await renew('d'), await renew('d', 'nobody'), await renew('nobody')]).toEqual([200, 207, 400]);
  });
});
