import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deviceToken, fakeSession, senderOf } from '../../support/core-fixture.ts';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeAll(async () => {
  fixture = await openHttp();
  for (const id of ['pump-1', 'pump-2', 'valve-1']) await fixture.core.registry.put(id, {}, undefined);
});

afterAll(() => fixture.close());

async function send(deviceId: string, body: unknown, headers: Record<string, string> = {}) {
  return fixture.call('POST', `/devices/${deviceId}/messages/events`, {
    policy: null,
    body,
    headers: { authorization: await deviceToken(fixture, deviceId), ...headers },
  });
}

async function read(parameters: string): Promise<Record<string, unknown>[]> {
  const { status, text } = await fixture.call('GET', `/iotctl/telemetry?${parameters}`, {
    policy: 'service',
    version: null,
  });
  expect(status).toBe(200);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const messages = (lines: Record<string, unknown>[]) => lines.filter((line) => 'd' in line);

describe('a device sends over HTTPS', () => {
  test('when a message is answered with 204, it is in the stream with its properties', async () => {
    const answer = await send('pump-1', '{"t":1}', {
      'iothub-messageid': 'm1',
      'iothub-contenttype': 'application/json',
      'iothub-app-level': 'high;1',
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const [stored] = messages(await read('from=earliest&device=pump-1'));
    expect(stored).toMatchObject({
      d: 'pump-1',
      b: '{"t":1}',
      s: { 'message-id': 'm1', 'content-type': 'application/json' },
      a: { level: 'high;1' },
    });
  });

  test('when a message has every header, each becomes the property it stands for (device.md §3.1)', async () => {
    const headers = {
      'iothub-to': '/devices/pump-1/messages/events',
      'iothub-messageid': 'm',
      'iothub-correlationid': 'c',
      'iothub-userid': 'u',
      'iothub-expiry': '2026-01-01T00:00:00Z',
      'iothub-contenttype': 'text/plain',
      'iothub-contentencoding': 'utf-8',
      'iothub-interface-id': 'i',
      'iothub-messageschema': 's',
      'iothub-creationtimeutc': '2025-12-31T00:00:00Z',
      'dt-subject': 'thermostat',
      'iothub-ack': 'full',
      'iothub-operation': 'o',
      'iothub-app-colour': 'red',
    };
    expect((await send('valve-1', 'every header', headers)).status).toBe(204);
    const stored = messages(await read('from=earliest&device=valve-1')).at(-1);
    expect(stored?.['s']).toEqual({
      to: '/devices/pump-1/messages/events',
      'message-id': 'm',
      'correlation-id': 'c',
      'user-id': 'u',
      'absolute-expiry-time': '2026-01-01T00:00:00Z',
      'content-type': 'text/plain',
      'content-encoding': 'utf-8',
      'iothub-interface-id': 'i',
      'iothub-message-schema': 's',
      'iothub-creation-time-utc': '2025-12-31T00:00:00Z',
      'dt-subject': 'thermostat',
    });
    expect(stored?.['a']).toEqual({ 'iothub-ack': 'full', 'iothub-operation': 'o', colour: 'red' });
  });

  test('when a batch is sent, every message is stored, in order', async () => {
    const batch = [
      { body: Buffer.from([0, 255]).toString('base64'), properties: { 'iothub-app-N': '1' } },
      { body: 'plain', base64Encoded: false },
    ];
    expect((await send('pump-2', batch, { 'content-type': 'application/vnd.microsoft.iothub.json' })).status).toBe(204);
    const stored = messages(await read('from=earliest&device=pump-2'));
    expect(stored.map((line) => line['x'] ?? line['b'])).toEqual(['AP8=', 'plain']);
    expect(stored[0]?.['a']).toEqual({ N: '1' });
  });

  test.each([
    ['no array', '{}'],
    ['an empty batch', '[]'],
    ['a body that is not base64', '[{"body":"***"}]'],
    ['too many messages', JSON.stringify(Array.from({ length: 501 }, () => ({ body: '' })))],
    ['a property that is no string', '[{"body":"","properties":{"iothub-app-x":1}}]'],
  ])('when a batch is wrong (%s), nothing is stored', async (_what, body) => {
    const answer = await send('valve-1', body, { 'content-type': 'application/vnd.microsoft.iothub.json' });
    expect(answer.status).toBe(400);
    const stored = messages(await read('from=earliest&device=valve-1'));
    expect(stored.filter((line) => line['b'] !== 'every header')).toEqual([]);
  });

  test('when a message is too large, the answer is 413', async () => {
    expect((await send('valve-1', 'x'.repeat(262_145))).status).toBe(413);
  });

  test('when another device or a service key comes, the answer is 401', async () => {
    const foreign = await fixture.call('POST', '/devices/pump-1/messages/events', {
      policy: null,
      body: 'x',
      headers: { authorization: await deviceToken(fixture, 'pump-2') },
    });
    expect(foreign.status).toBe(401);
    expect(
      (await fixture.call('POST', '/devices/pump-1/messages/events', { policy: 'service', body: 'x' })).status,
    ).toBe(401);
    expect(
      (await fixture.call('POST', '/devices/pump-1/messages/events', { policy: 'device', body: 'x' })).status,
    ).toBe(204);
  });
});

describe('the stream', () => {
  test('when devices are named by globs, only their messages come, and the end is marked', async () => {
    const lines = await read('from=earliest&device=pump-*&device=nobody');
    expect(new Set(messages(lines).map((line) => line['d']))).toEqual(new Set(['pump-1', 'pump-2']));
    expect(lines.at(-1)).toMatchObject({ position: expect.stringMatching(/^\d+:\d+/), live: true });
  });

  test('when a reader goes on from a position, it gets what came after and nothing twice', async () => {
    const before = await read('from=earliest');
    const { position } = before.at(-1) as { position: string };
    await send('pump-1', 'new');
    const after = await read(`from=${position}`);
    expect(messages(after).map((line) => line['b'])).toEqual(['new']);
    expect(messages(await read('from=latest'))).toEqual([]);
  });

  test('when a time is given, reading begins there', async () => {
    await fixture.clock.advance(60_000);
    await send('pump-1', 'a minute later');
    const since = new Date(fixture.clock.now() - 1_000).toISOString();
    expect(messages(await read(`from=${since}`)).map((line) => line['b'])).toEqual(['a minute later']);
    expect(messages(await read(`from=earliest&until=${since}`)).map((line) => line['b'])).not.toContain(
      'a minute later',
    );
  });

  test('when sources are named, then events of those come with their source, and no telemetry', async () => {
    const lines = messages(await read('from=earliest&source=deviceLifecycleEvents&source=twinChangeEvents'));
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map((line) => line['e']))).toEqual(new Set(['deviceLifecycleEvents']));
    expect(messages(await read('from=earliest')).every((line) => !('e' in line))).toBe(true);
  });

  test.each(['from=yesterday', 'from=0:x', 'until=1', 'follow=maybe', 'source=gossip'])(
    'when the request says %s, it is refused',
    async (parameters) => {
      const answer = await fixture.call('GET', `/iotctl/telemetry?${parameters}`);
      expect([answer.status, answer.headers['iothub-errorcode']]).toEqual([400, 'ArgumentInvalid']);
    },
  );

  test('when the right is missing, the stream stays shut', async () => {
    for (const policy of ['device', 'registryReadWrite', null])
      expect((await fixture.call('GET', '/iotctl/telemetry', { policy })).status).toBe(401);
  });
});

function invoke(id: string, body: object) {
  return fixture.call('POST', `/twins/${id}/methods`, { body, policy: 'service' });
}

describe('direct methods', () => {
  test('when the device answers, status and payload come back with 200', async () => {
    const session = fakeSession(await senderOf(fixture, 'pump-1'), {
      methodReady: true,
      onMethod: (requestId) => fixture.core.commands.answer('pump-1', requestId, 418, '{"short":true}'),
    });
    fixture.core.sessions.attach(session);
    const answer = await invoke('pump-1', { methodName: 'brew' });
    expect([answer.status, answer.body]).toEqual([200, { status: 418, payload: { short: true } }]);
    expect(session.methods[0]?.payload).toBe('null');
  });

  test('when the device is away, the error is nested as the SDKs expect it', async () => {
    const answer = await invoke('pump-2', { methodName: 'brew' });
    expect([answer.status, answer.headers['iothub-errorcode'], answer.body.ExceptionMessage]).toEqual([
      404,
      'DeviceNotOnline',
      '',
    ]);
    expect(JSON.parse(answer.body.Message)).toMatchObject({
      errorCode: 404103,
      message: expect.stringContaining('pump-2'),
      info: { timeout: '00:00:00' },
      trackingId: expect.any(String),
      timestampUtc: expect.stringMatching(/Z$/),
    });
  });

  test('when parameters are out of range or the device is unknown, the inner code says so', async () => {
    expect(
      JSON.parse((await invoke('pump-1', { methodName: 'x', responseTimeoutInSeconds: 4 })).body.Message).errorCode,
    ).toBe(400004);
    expect(JSON.parse((await invoke('ghost', { methodName: 'x' })).body.Message).errorCode).toBe(404001);
    const large = await invoke('pump-1', { methodName: 'x', payload: 'x'.repeat(131_073) });
    expect([large.status, JSON.parse(large.body.Message).errorCode]).toEqual([413, 413001]);
  });

  test('when the token is wrong, the envelope is the ordinary one', async () => {
    const answer = await fixture.call('POST', '/twins/pump-1/methods', {
      body: { methodName: 'x' },
      policy: 'registryRead',
    });
    expect(answer.body.Message).toBe('ErrorCode:IotHubUnauthorizedAccess;Unauthorized');
  });
});
