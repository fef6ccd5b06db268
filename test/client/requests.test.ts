import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { connectHub } from '../../src/client/index.ts';
import { Failure, isFailure } from '../../src/errors/index.ts';
import { parseSasToken, verifySasToken } from '../../src/protocol/sas-token.ts';
import { lastingPort } from '../support/lasting-ports.ts';
import {
  collect,
  json,
  loseReply,
  quickClock,
  refusal,
  scriptedHub,
  testConnection,
  testKey,
  type Step,
} from './scripted-hub.ts';

const device = {
  deviceId: 'pump-1',
  etag: 'AAA=',
  status: 'enabled',
  authentication: { type: 'sas', symmetricKey: { primaryKey: 'k1', secondaryKey: 'k2' } },
};
const twin = {
  deviceId: 'pump-1',
  etag: 'AAA=',
  connectionState: 'Disconnected',
  status: 'enabled',
  lastActivityTime: '2026-11-21T11:57:00Z',
  tags: {},
  properties: { desired: {}, reported: {} },
};
const method = { methodName: 'reboot', payload: null, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 0 };

function setUp(hub: { connection: typeof testConnection }, clock = quickClock(), random = 0.5) {
  const retries: string[] = [];
  const told: unknown[] = [];
  const service = connectHub(hub.connection, {
    clock,
    random: () => random,
    userAgent: 'iotctl/test',
    onRetry: ({ reason }) => retries.push(reason),
    onWait: (event) => told.push(event),
  });
  return { service, clock, retries, told };
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isFailure(error)) return error;
  throw new Error('no failure came', { cause: error });
}

describe('what is sent', () => {
  test('when a device is read, then the token covers the hub, is signed by the policy and lives an hour', async () => {
    await using hub = await scriptedHub(json(200, device));
    const { service, clock } = setUp(hub);
    await service.devices.get('pump 1/ä');
    const [request] = hub.requests;
    expect(request?.method).toBe('GET');
    expect(request?.url.pathname).toBe('/devices/pump%201%2F%C3%A4');
    expect(request?.url.searchParams.get('api-version')).toBe('2021-04-12');
    expect(request?.headers['user-agent']).toBe('iotctl/test');
    const token = parseSasToken(request?.headers.authorization ?? '');
    expect(token).toMatchObject({ resource: 'test-hub', keyName: 'iothubowner', expiresAt: clock.now() / 1000 + 3600 });
    expect(token && verifySasToken(token, [testKey])).toBe(true);
  });

  test('when many requests follow each other, then one token serves until ten minutes before its end', async () => {
    await using hub = await scriptedHub(json(200, device));
    let now = Date.UTC(2026, 0, 1);
    const clock = { ...quickClock(), now: () => now };
    const { service } = setUp(hub, clock);
    await service.devices.get('a');
    now += 49 * 60_000;
    await service.devices.get('a');
    now += 2 * 60_000;
    await service.devices.get('a');
    const [first, second, third] = hub.requests.map(({ headers }) => headers.authorization);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('when an etag is given, then If-Match is quoted; a star is not', async () => {
    await using hub = await scriptedHub(json(200, device));
    const { service } = setUp(hub);
    await service.devices.put({ deviceId: 'pump-1' }, { etag: 'AAA=' });
    await service.devices.put({ deviceId: 'pump-1' }, { etag: '*' });
    await service.devices.put({ deviceId: 'pump-1' });
    expect(hub.requests.map(({ headers }) => headers['if-match'])).toEqual(['"AAA="', '*', undefined]);
  });
});

describe('errors of the hub', () => {
  const envelopes: [string, Step, string, string][] = [
    [
      'classic',
      refusal(404, 'DeviceNotFound', 'no such device'),
      'device-not-found',
      'device pump-1 does not exist on test-hub',
    ],
    [
      'structured',
      json(409, { errorCode: 409001, message: 'registered', trackingId: 'abc123', info: null }),
      'device-exists',
      'exists already',
    ],
    [
      'nested',
      json(404, {
        Message: JSON.stringify({ errorCode: 404001, trackingId: 'abc123', message: 'no', info: {} }),
        ExceptionMessage: '',
      }),
      'device-not-found',
      'does not exist',
    ],
    ['etag', refusal(412, 'PreconditionFailed', 'stale'), 'changed-meanwhile', 'changed meanwhile'],
    [
      'quota',
      refusal(403, 'IotHubQuotaExceeded', 'Total number of messages exceeded'),
      'quota-exceeded',
      'Total number of messages',
    ],
    ['invalid', refusal(400, 'ArgumentInvalid', 'the key is too short'), 'refused', 'the key is too short'],
    ['a page', (_, response) => void response.writeHead(418).end('<html>teapot</html>'), 'refused', 'answered 418'],
    [
      'a redirect',
      (_, response) => void response.writeHead(302, { location: 'http://elsewhere/' }).end(),
      'hub-unreachable',
      'no IoT hub',
    ],
  ];
  test.each(envelopes)('when the answer is %s, then the failure says what it means', async (_, step, code, text) => {
    await using hub = await scriptedHub(step);
    const { service } = setUp(hub);
    const failure = await failureOf(service.devices.get('pump-1'));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(text);
    expect(JSON.stringify([failure.message, failure.hint, failure.details, failure.cause])).not.toContain(testKey);
  });

  test('when the hub tells a tracking id, then the details hold it', async () => {
    await using hub = await scriptedHub(refusal(404, 'DeviceNotFound', 'x'));
    const failure = await failureOf(setUp(hub).service.devices.get('pump-1'));
    expect(failure.details).toMatchObject({
      trackingId: 'abc123-G:0-TimeStamp:11',
      hubErrorNumber: 404001,
      deviceId: 'pump-1',
    });
  });

  test('when a token is refused and the clocks agree, then the key or policy is to blame', async () => {
    await using hub = await scriptedHub(
      refusal(401, 'IotHubUnauthorizedAccess', 'Unauthorized', { date: new Date(quickClock().now()).toUTCString() }),
    );
    const failure = await failureOf(setUp(hub).service.devices.get('pump-1'));
    expect(failure).toMatchObject({ code: 'not-authorised', exitCode: 4 });
  });

  test('when a token is refused and this clock is an hour behind, then the clock is to blame', async () => {
    const date = new Date(quickClock().now() + 3_600_000).toUTCString();
    await using hub = await scriptedHub(refusal(401, 'IotHubUnauthorizedAccess', 'Unauthorized', { date }));
    const failure = await failureOf(setUp(hub).service.devices.get('pump-1'));
    expect(failure).toMatchObject({ code: 'token-expired' });
    expect(failure.message).toContain('1h behind');
  });

  test('when the answer is 200 but no device, then it says that this may be no hub', async () => {
    await using hub = await scriptedHub(json(200, [1, 2]));
    expect(await failureOf(setUp(hub).service.devices.get('pump-1'))).toMatchObject({ code: 'hub-failed' });
  });
});

describe('retries', () => {
  test('when the hub throttles and names a time, then that time is waited and the call succeeds', async () => {
    await using hub = await scriptedHub(
      refusal(429, 'ThrottlingException', 'slow', { 'retry-after': '7' }),
      json(200, device),
    );
    const { service, clock, retries, told } = setUp(hub);
    await expect(service.devices.get('pump-1')).resolves.toMatchObject({ deviceId: 'pump-1' });
    expect(clock.waits).toEqual([7000]);
    expect(told).toEqual([{ cause: 'hub', operation: 'registry', waitMs: 7000 }]);
    expect(retries).toEqual([]);
  });

  test('when the hub throttles for ever, then the budget of twenty minutes ends it', async () => {
    await using hub = await scriptedHub(refusal(429, 'ThrottlingException', 'slow'));
    const { service, clock } = setUp(hub, quickClock(), 0.4);
    expect(await failureOf(service.devices.get('pump-1'))).toMatchObject({ code: 'throttled', exitCode: 9 });
    expect(clock.waits.slice(0, 4)).toEqual([4000, 8000, 16_000, 24_000]);
    expect(clock.monotonic()).toBeLessThanOrEqual(20 * 60_000);
    expect(clock.monotonic()).toBeGreaterThan(19 * 60_000);
  });

  test('when the hub fails inside, then six tries are made with growing waits', async () => {
    await using hub = await scriptedHub(refusal(500, 'ServerError', 'oops'));
    const { service, clock } = setUp(hub);
    expect(await failureOf(service.twins.get('pump-1'))).toMatchObject({ code: 'hub-failed', retryable: true });
    expect(hub.requests).toHaveLength(6);
    expect(clock.waits).toEqual([750, 1500, 3000, 6000, 12_000]);
  });

  test('when a request is refused for its content, then it is sent once', async () => {
    await using hub = await scriptedHub(refusal(400, 'ArgumentInvalid', 'bad'));
    await failureOf(setUp(hub).service.devices.get('pump-1'));
    expect(hub.requests).toHaveLength(1);
  });

  test('when a method loses its reply, then it is not sent again', async () => {
    await using hub = await scriptedHub(loseReply);
    expect(await failureOf(setUp(hub).service.methods.invoke('pump-1', method))).toMatchObject({
      code: 'hub-unreachable',
    });
    expect(hub.requests).toHaveLength(1);
  });

  test.each([500, 502, 503, 504])('when a method gets %d, then it is not sent again', async (status) => {
    await using hub = await scriptedHub(refusal(status, 'ServerError', 'x'));
    await failureOf(setUp(hub).service.methods.invoke('pump-1', method));
    expect(hub.requests).toHaveLength(1);
  });

  test('when a method is throttled, then it is sent again: the hub did not take it', async () => {
    await using hub = await scriptedHub(
      refusal(429, 'ThrottlingException', 'slow'),
      json(200, { status: 200, payload: { ok: true } }),
    );
    await expect(setUp(hub).service.methods.invoke('pump-1', method)).resolves.toEqual({
      status: 200,
      payload: { ok: true },
    });
    expect(hub.requests).toHaveLength(2);
  });

  test('when nobody listens at first, then that is said at once', async () => {
    const port = await lastingPort();
    const { service, clock } = setUp({ connection: { ...testConnection, serviceUrl: `http://127.0.0.1:${port}` } });
    const failure = await failureOf(service.devices.get('pump-1'));
    expect(failure).toMatchObject({ code: 'hub-unreachable', exitCode: 9 });
    expect(failure.message).toBe(`nothing listens at 127.0.0.1:${port}`);
    expect(failure.hint).toContain('iotctl hub start');
    expect(clock.waits).toEqual([]);
  });

  test('when the hub goes away after it answered, then a refused connection is tried again', async () => {
    const hub = await scriptedHub(json(200, device));
    const { service, clock } = setUp(hub);
    await service.devices.get('pump-1');
    await hub[Symbol.asyncDispose]();
    expect(await failureOf(service.devices.get('pump-1'))).toMatchObject({ code: 'hub-unreachable' });
    expect(clock.waits).toHaveLength(5);
  });

  test('when a create lost its reply and the device is there as sent, then it was this create', async () => {
    await using hub = await scriptedHub(
      loseReply,
      refusal(409, 'DeviceAlreadyExists', 'registered'),
      json(200, device),
    );
    const created = await setUp(hub).service.devices.put({ deviceId: 'pump-1', status: 'enabled' });
    expect(created.etag).toBe('AAA=');
    expect(hub.requests.map((request) => request.method)).toEqual(['PUT', 'PUT', 'GET']);
  });

  test('when a create lost its reply but another device is there, then it exists already', async () => {
    await using hub = await scriptedHub(
      loseReply,
      refusal(409, 'DeviceAlreadyExists', 'registered'),
      json(200, device),
    );
    const failure = await failureOf(setUp(hub).service.devices.put({ deviceId: 'pump-1', status: 'disabled' }));
    expect(failure.code).toBe('device-exists');
  });

  test('when a device exists and no reply was lost, then nothing is compared', async () => {
    await using hub = await scriptedHub(refusal(409, 'DeviceAlreadyExists', 'registered'));
    expect(await failureOf(setUp(hub).service.devices.put({ deviceId: 'pump-1' }))).toMatchObject({
      code: 'device-exists',
    });
    expect(hub.requests).toHaveLength(1);
  });

  test('when a delete lost its reply and the device is gone, then it is deleted', async () => {
    await using hub = await scriptedHub(loseReply, refusal(404, 'DeviceNotFound', 'gone'));
    await expect(setUp(hub).service.devices.delete('pump-1')).resolves.toBeUndefined();
  });

  test('when a module was made or deleted but the reply was lost, then that is what was wanted', async () => {
    const camera = { deviceId: 'pump-1', moduleId: 'camera' };
    await using made = await scriptedHub(
      loseReply,
      refusal(409, 'ModuleAlreadyExistsOnDevice', 'there'),
      json(200, { ...camera, etag: 'AAA=' }),
    );
    await expect(setUp(made).service.modules.put(camera)).resolves.toMatchObject({ etag: 'AAA=' });
    await using gone = await scriptedHub(loseReply, refusal(404, 'ModuleNotFound', 'gone'));
    await expect(setUp(gone).service.modules.delete('pump-1/camera')).resolves.toBeUndefined();
    await using other = await scriptedHub(refusal(409, 'ModuleAlreadyExistsOnDevice', 'there'));
    expect(await failureOf(setUp(other).service.modules.put(camera))).toMatchObject({ code: 'device-exists' });
  });

  test('when a bulk create lost its reply, then its own devices are no errors', async () => {
    const errors = [
      { deviceId: 'pump-1', errorCode: 'DeviceAlreadyExists', errorStatus: 'registered' },
      { deviceId: 'bad id', errorCode: 'ArgumentInvalid', errorStatus: 'id' },
    ];
    await using hub = await scriptedHub(
      loseReply,
      json(400, { isSuccessful: false, errors, warnings: [] }),
      json(200, device),
    );
    const result = await setUp(hub).service.devices.bulk([
      { id: 'pump-1', importMode: 'create' },
      { id: 'bad id', importMode: 'create' },
    ]);
    expect(result.errors.map(({ deviceId }) => deviceId)).toEqual(['bad id']);
  });
});

describe('bounds', () => {
  test('when a bulk failed in part, then the 400 is a result', async () => {
    const body = {
      isSuccessful: false,
      errors: [{ deviceId: 'a', errorCode: 'DeviceAlreadyExists', errorStatus: 'x' }],
      warnings: [],
    };
    await using hub = await scriptedHub(json(400, body));
    await expect(setUp(hub).service.devices.bulk([{ id: 'a', importMode: 'create' }])).resolves.toEqual(body);
  });

  test('when the hub does not answer in time, then the try ends and another is made', async () => {
    await using hub = await scriptedHub(() => undefined, json(200, device));
    const { service, clock } = setUp(hub);
    const answer = service.devices.get('pump-1');
    while (hub.requests.length === 0) await wait(1);
    clock.expire();
    await expect(answer).resolves.toMatchObject({ deviceId: 'pump-1' });
  });

  test('when the caller aborts, then its reason comes out and the connection is dropped', async () => {
    await using hub = await scriptedHub(() => undefined);
    const { service } = setUp(hub);
    const controller = new AbortController();
    const answer = service.devices.get('pump-1', controller.signal);
    while (hub.requests.length === 0) await wait(1);
    controller.abort(new Failure('interrupted', 'stopped'));
    expect(await failureOf(answer)).toMatchObject({ code: 'interrupted' });
  });

  test('when the service URL is plain HTTP to another machine, then no token leaves', () => {
    const connection = { ...testConnection, serviceUrl: 'http://hub.example.com' };
    expect(() => connectHub(connection, { clock: quickClock(), random: () => 0 })).toThrow(/must begin with https/);
  });
});

describe('methods', () => {
  test('when the device is offline, then the failure says since when', async () => {
    await using hub = await scriptedHub(refusal(404, 'DeviceNotOnline', 'not online'), json(200, twin));
    const failure = await failureOf(setUp(hub).service.methods.invoke('pump-1', method));
    expect(failure).toMatchObject({
      code: 'device-offline',
      exitCode: 6,
      details: { deviceId: 'pump-1', lastActivityTime: twin.lastActivityTime },
    });
    expect(failure.message).toContain('it was last active 3m ago');
  });

  test.each([
    [{ connectionState: 'Connected' }, 'does not listen for commands'],
    [{ lastActivityTime: '0001-01-01T00:00:00Z' }, 'has never connected'],
    [{ status: 'disabled' }, 'is disabled'],
  ])('when its twin says %o, then the failure says why', async (change, text) => {
    await using hub = await scriptedHub(
      refusal(404, 'DeviceNotOnline', 'not online'),
      json(200, { ...twin, ...change }),
    );
    expect((await failureOf(setUp(hub).service.methods.invoke('pump-1', method))).message).toContain(text);
  });

  test('when the device does not answer, then that is told apart from a hub that fails', async () => {
    const inner = JSON.stringify({
      errorCode: 504101,
      trackingId: 't',
      message: 'Timed out waiting for the response from device.',
      info: {},
    });
    await using hub = await scriptedHub(json(504, { Message: inner, ExceptionMessage: '' }));
    expect(await failureOf(setUp(hub).service.methods.invoke('pump-1', method))).toMatchObject({
      code: 'device-no-answer',
      exitCode: 6,
    });
  });
});

describe('queries', () => {
  test('when pages follow, then each is asked for with the continuation and the page size', async () => {
    await using hub = await scriptedHub(
      json(200, [{ n: 1 }], { 'x-ms-continuation': 'next' }),
      json(200, [], { 'x-ms-continuation': 'last' }),
      json(200, [{ n: 2 }]),
    );
    const pages = await collect(setUp(hub).service.queries.query('SELECT * FROM devices', { pageSize: 5 }));
    expect(pages).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    expect(hub.requests.map(({ headers }) => headers['x-ms-continuation'])).toEqual([undefined, 'next', 'last']);
    expect(hub.requests[2]?.headers['x-ms-max-item-count']).toBe('5');
    expect(hub.requests[0]?.body).toBe('{"query":"SELECT * FROM devices"}');
  });

  test('when the reader stops early, then no further page is asked for', async () => {
    await using hub = await scriptedHub(json(200, [{ n: 1 }], { 'x-ms-continuation': 'next' }));
    for await (const page of setUp(hub).service.queries.query('SELECT * FROM devices')) {
      expect(page).toHaveLength(1);
      break;
    }
    expect(hub.requests).toHaveLength(1);
  });

  test('when the query is not valid, then the failure says so', async () => {
    await using hub = await scriptedHub(refusal(400, 'ArgumentInvalid', 'BadRequest'));
    expect(await failureOf(collect(setUp(hub).service.queries.query('SELEC')))).toMatchObject({
      code: 'invalid-query',
      exitCode: 2,
    });
  });
});
