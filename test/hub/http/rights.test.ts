import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHttp, type HttpFixture, type Method } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeAll(async () => {
  fixture = await openHttp();
});

afterAll(() => fixture.close());

const everyone = ['iothubowner', 'service', 'device', 'registryRead', 'registryReadWrite'] as const;
const readers = ['iothubowner', 'registryRead', 'registryReadWrite'];
const writers = ['iothubowner', 'registryReadWrite'];
const services = ['iothubowner', 'service'];
const either = ['iothubowner', 'service', 'registryRead', 'registryReadWrite'];

/** Who may call what: service.md §1.2; nobody may do more by an address that is not there. */
test.each<[Method, string, readonly string[]]>([
  ['GET', '/devices', readers],
  ['GET', '/devices/x', readers],
  ['PUT', '/devices/x', writers],
  ['DELETE', '/devices/x', writers],
  ['POST', '/devices', writers],
  ['POST', '/devices/keys/regenerate', writers],
  ['GET', '/devices/x/modules', readers],
  ['GET', '/devices/x/modules/m', readers],
  ['PUT', '/devices/x/modules/m', writers],
  ['DELETE', '/devices/x/modules/m', writers],
  ['GET', '/twins/x/modules/m', services],
  ['PATCH', '/twins/x/modules/m', services],
  ['POST', '/twins/x/modules/m/methods', services],
  ['GET', '/iotctl/certificates', readers],
  ['PUT', '/iotctl/certificates/ca', writers],
  ['DELETE', '/iotctl/certificates/ca', writers],
  ['POST', '/iotctl/certificates/ca/generateVerificationCode', writers],
  ['POST', '/iotctl/certificates/ca/verify', writers],
  ['GET', '/twins/x', services],
  ['PATCH', '/twins/x', services],
  ['PUT', '/twins/x', services],
  ['POST', '/twins/x/methods', services],
  ['POST', '/devices/query', either],
  ['GET', '/statistics/devices', either],
  ['GET', '/statistics/service', either],
  ['DELETE', '/devices/x/commands', ['iothubowner', 'service', 'registryReadWrite']],
  ['GET', '/messages/serviceBound/feedback', services],
  ['DELETE', '/messages/serviceBound/feedback/x', services],
  ['POST', '/messages/serviceBound/feedback/x/abandon', services],
  ['GET', '/iotctl/devices/x/messages', services],
  ['POST', '/iotctl/devices/x/messages/requeue', services],
  ['GET', '/iotctl/telemetry', services],
  ['GET', '/iotctl/records', services],
  ['GET', '/iotctl/records/x/y', services],
  ['PUT', '/iotctl/records/x', services],
  ['DELETE', '/iotctl/records/x', services],
  ['GET', '/iotctl/status', everyone],
])('when %s %s is called, the policies with the right get in and the others 401', async (method, path, allowed) => {
  for (const policy of [...everyone, null]) {
    const { status } = await fixture.call(method, path, { policy });
    expect([policy, status === 401]).toEqual([policy, policy === null || !allowed.includes(policy)]);
  }
});

test('when a token is for one device only, it opens that device and no other', async () => {
  const authorization = fixture.serviceToken('iothubowner', 'localhost/devices/x');
  const status = async (path: string) =>
    (await fixture.call('GET', path, { policy: null, headers: { authorization } })).status;
  expect(await status('/devices/x')).toBe(404);
  for (const path of ['/devices/xy', '/devices', '/devices/X', '/twins/x', '/devices/y%2F..%2Fx'])
    expect(await status(path)).toBe(401);
});
