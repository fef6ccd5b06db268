import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deviceToken, fakeSession, openCore, senderOf, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;
/** Each test has a device of its own. */
let pump = 'pump-0';
let count = 0;

beforeAll(async () => {
  fixture = await openCore({ maxInFlightPerDevice: 2 });
});

beforeEach(async () => {
  pump = `pump-${++count}`;
  await fixture.core.registry.put(pump, {}, undefined);
});

afterAll(() => fixture.close());

async function online(methodReady: boolean) {
  const session = fakeSession(await senderOf(fixture, pump), { methodReady });
  fixture.core.sessions.attach(session);
  return session;
}

const request = (extra: object = {}) => ({
  methodName: 'ping',
  payload: { a: 1 },
  responseTimeoutInSeconds: 5,
  ...extra,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('a device that listens', () => {
  test('when it answers, the caller gets status and payload', async () => {
    const session = await online(true);
    const answer = fixture.core.commands.invoke(pump, request());
    await expect.poll(() => session.methods.length).toBe(1);
    expect(session.methods[0]).toMatchObject({ methodName: 'ping', payload: '{"a":1}' });
    expect(session.methods[0]!.requestId).toMatch(/^[0-9a-f]+$/);
    fixture.core.commands.answer(pump, session.methods[0]!.requestId, 404, '{"b":2}');
    expect(await answer).toEqual({ status: 404, payload: { b: 2 } });
  });

  test('when another device answers in its place, nothing happens', async () => {
    const session = await online(true);
    const answer = fixture.core.commands.invoke(pump, request());
    await expect.poll(() => session.methods.length).toBe(1);
    fixture.core.commands.answer('other', session.methods[0]!.requestId, 200, '"forged"');
    fixture.core.commands.answer(pump, session.methods[0]!.requestId, 200, '');
    expect(await answer).toEqual({ status: 200, payload: null });
  });

  test('when it does not answer in time, the caller gets 504101 and a late answer is dropped', async () => {
    const session = await online(true);
    const answer = fixture.core.commands.invoke(pump, request());
    const refused = expect(answer).rejects.toMatchObject({
      symbol: 'GatewayTimeout',
      number: 504101,
      info: { timeout: '00:00:05' },
    });
    await expect.poll(() => session.methods.length).toBe(1);
    await fixture.clock.advance(5_000);
    await refused;
    fixture.core.commands.answer(pump, session.methods[0]!.requestId, 200, '1');
  });

  test.each([
    ['no JSON', 200, '{"a":'],
    ['no status', undefined, '{}'],
    ['more than 128 KB', 200, `"${'x'.repeat(131_072)}"`],
    ['a poisoned object', 200, '{"__proto__":{"polluted":1}}'],
  ])('when it answers with %s, the caller gets a bad device response', async (_what, status, payload) => {
    const session = await online(true);
    const refused = expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
      symbol: 'BadDeviceResponse',
    });
    await expect.poll(() => session.methods.length).toBe(1);
    fixture.core.commands.answer(pump, session.methods[0]!.requestId, status, payload);
    await refused;
  });

  test('when it has as many calls as allowed, the next is refused until one ends', async () => {
    const session = await online(true);
    const calls = [fixture.core.commands.invoke(pump, request()), fixture.core.commands.invoke(pump, request())];
    await expect.poll(() => session.methods.length).toBe(2);
    await expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
      symbol: 'DeviceMaximumInflightMethodExceeded',
    });
    for (const { requestId } of session.methods) fixture.core.commands.answer(pump, requestId, 200, '');
    await Promise.all(calls);
    const next = fixture.core.commands.invoke(pump, request());
    await expect.poll(() => session.methods.length).toBe(3);
    fixture.core.commands.answer(pump, session.methods[2]!.requestId, 200, '');
    expect((await next).status).toBe(200);
  });
});

describe('a device that is away', () => {
  test('when it never connected, the caller hears so', async () => {
    await expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
      number: 404103,
      message: expect.stringContaining('never connected'),
      info: { timeout: '00:00:00' },
    });
  });

  test('when it was connected, the caller hears since when it is not', async () => {
    const session = await online(true);
    await fixture.clock.advance(60_000);
    const since = new Date(fixture.clock.now()).toISOString();
    fixture.core.sessions.detach(session);
    await fixture.clock.advance(1_000);
    await expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
      number: 404103,
      message: expect.stringContaining(`disconnected since ${since}`),
    });
  });

  test('when it is connected but does not listen, the caller hears that', async () => {
    await online(false);
    await expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
      message: expect.stringContaining('has not subscribed to methods'),
    });
  });

  test('when it connects and subscribes within the connect timeout, the call goes through', async () => {
    const answer = fixture.core.commands.invoke(pump, request({ connectTimeoutInSeconds: 4 }));
    await settled();
    const session = await online(false);
    expect(session.methods).toEqual([]);
    session.methodReady = true;
    fixture.core.sessions.methodsChanged(session);
    await expect.poll(() => session.methods.length).toBe(1);
    fixture.core.commands.answer(pump, session.methods[0]!.requestId, 200, '"late but here"');
    expect(await answer).toEqual({ status: 200, payload: 'late but here' });
  });

  test('when the connect timeout runs out, the caller hears how long was waited', async () => {
    const refused = expect(
      fixture.core.commands.invoke(pump, request({ connectTimeoutInSeconds: 4 })),
    ).rejects.toMatchObject({
      number: 404103,
      info: { timeout: '00:00:04' },
    });
    await settled();
    await fixture.clock.advance(4_000);
    await refused;
  });

  test('when it is not registered, the answer is 404001', async () => {
    await expect(fixture.core.commands.invoke('ghost', request())).rejects.toMatchObject({ number: 404001 });
  });
});

test('when the caller goes away or the hub stops, the call ends and frees its place', async () => {
  await fixture.core.registry.put('away', {}, undefined);
  await online(true);
  const caller = new AbortController();
  const gone = expect(fixture.core.commands.invoke(pump, request(), caller.signal)).rejects.toThrow('gone');
  await settled();
  caller.abort(new Error('gone'));
  await gone;
  const impatient = new AbortController();
  const waiting = expect(
    fixture.core.commands.invoke('away', request({ connectTimeoutInSeconds: 4 }), impatient.signal),
  ).rejects.toThrow('gone too');
  await settled();
  impatient.abort(new Error('gone too'));
  await waiting;
  const stopped = expect(fixture.core.commands.invoke(pump, request())).rejects.toMatchObject({
    symbol: 'ServiceUnavailable',
  });
  await settled();
  await fixture.core.close();
  await stopped;
});

test('when a token is asked for, it opens the device it names', async () => {
  const { sender } = await fixture.core.gatekeeper.authenticateDevice({
    identity: pump,
    token: await deviceToken(fixture, pump),
  });
  expect(sender.deviceId).toBe(pump);
});
