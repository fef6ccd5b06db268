import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fakeSession, openCore, senderOf, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;
/** Each test has a device of its own. */
let pump = 'pump-0';
let count = 0;

beforeAll(async () => {
  fixture = await openCore();
});

beforeEach(async () => {
  pump = `pump-${++count}`;
  await fixture.core.registry.put(pump, {}, undefined);
});

afterEach(() => {
  const live = fixture.core.sessions.find(pump);
  if (live !== undefined) fixture.core.sessions.detach(live);
});

afterAll(() => fixture.close());

async function connect() {
  const session = fakeSession(await senderOf(fixture, pump));
  fixture.core.sessions.attach(session);
  return session;
}

const state = async () => (await fixture.core.registry.get(pump)).connectionState;

test('when a device connects and leaves, every read shows it at once', async () => {
  expect(await state()).toBe('Disconnected');
  const session = await connect();
  expect(await state()).toBe('Connected');
  expect((await fixture.core.twins.get(pump)).connectionState).toBe('Connected');
  expect((await fixture.core.registry.counts()).connected).toBe(1);
  const found = await fixture.core.queries.run("SELECT deviceId FROM devices WHERE connectionState = 'Connected'", {
    limit: 10,
  });
  expect(found.rows).toEqual([{ deviceId: pump }]);
  fixture.core.sessions.detach(session);
  expect(await state()).toBe('Disconnected');
});

test('when a device connects twice, the newer session stays and the older one is told', async () => {
  const older = await connect();
  const newer = await connect();
  expect([older.ends, newer.ends]).toEqual([['displaced'], []]);
  fixture.core.sessions.detach(older);
  expect(fixture.core.sessions.find(pump)).toBe(newer);
  expect(await state()).toBe('Connected');
});

describe('what ends a live session at once', () => {
  test.each([
    ['disabling', () => fixture.core.registry.put(pump, { status: 'disabled' }, '*'), 'disabled'],
    ['deleting', () => fixture.core.registry.delete(pump, '*'), 'deleted'],
    ['new keys', () => fixture.core.registry.put(pump, {}, '*'), 'key-changed'],
    [
      'disabling in bulk',
      () => fixture.core.registry.bulk([{ id: pump, importMode: 'update', status: 'disabled' }]),
      'disabled',
    ],
    ['deleting in bulk', () => fixture.core.registry.bulk([{ id: pump, importMode: 'delete' }]), 'deleted'],
  ])('when the change is %s, the session is closed', async (_what, change, reason) => {
    const session = await connect();
    await change();
    expect(session.ends).toEqual([reason]);
    expect(fixture.core.sessions.find(pump)).toBeUndefined();
  });

  test('when only the status reason changes, the session stays', async () => {
    const before = await fixture.core.registry.get(pump);
    const session = await connect();
    await fixture.core.registry.put(pump, { ...before, statusReason: 'checked' }, before.etag);
    expect(session.ends).toEqual([]);
  });

  test('when the device is disabled between the check and the connect, the session does not live', async () => {
    const sender = await senderOf(fixture, pump);
    await fixture.core.registry.put(pump, { ...(await fixture.core.registry.get(pump)), status: 'disabled' }, '*');
    const session = fakeSession(sender);
    fixture.core.sessions.attach(session);
    await expect.poll(() => session.ends).toEqual(['disabled']);
  });

  test('when the key is changed between the check and the connect, the session does not live', async () => {
    const sender = await senderOf(fixture, pump);
    await fixture.core.registry.put(pump, {}, '*');
    const session = fakeSession(sender);
    fixture.core.sessions.attach(session);
    await expect.poll(() => session.ends).toEqual(['key-changed']);
  });
});

test('when a device announces a model, its twin shows it', async () => {
  fixture.core.sessions.attach(fakeSession(await senderOf(fixture, pump, 'dtmi:example:pump;1')));
  await expect.poll(async () => (await fixture.core.twins.get(pump)).modelId).toBe('dtmi:example:pump;1');
});

test('when a device is active, its last activity is stored after a few seconds', async () => {
  await fixture.clock.advance(10_000);
  const seen = new Date(fixture.clock.now()).toISOString();
  fixture.core.sessions.touch(pump);
  await fixture.clock.advance(5_000);
  await expect.poll(async () => (await fixture.core.registry.get(pump)).lastActivityTime).toBe(seen);
});

test('when a service changes desired properties, the connected device hears of each in order', async () => {
  const session = await connect();
  await Promise.all(
    [1, 2, 3].map((interval) =>
      fixture.core.twins.patch(pump, { properties: { desired: { interval, old: null } } }, undefined),
    ),
  );
  await fixture.core.twins.replace(pump, { properties: { desired: { only: true } } }, undefined);
  await fixture.core.registry.bulk([{ id: pump, importMode: 'updateTwin', properties: { desired: { bulk: 1 } } }]);
  expect(session.desired).toEqual([
    { interval: 1, old: null, $version: 2 },
    { interval: 2, old: null, $version: 3 },
    { interval: 3, old: null, $version: 4 },
    { only: true, $version: 5 },
    { bulk: 1, $version: 6 },
  ]);
});

test('when the core closes, sessions end and the store knows', async () => {
  const session = await connect();
  await fixture.core.close();
  expect(session.ends).toEqual(['shutdown']);
  expect((await fixture.store.read(pump))?.connectionState).toBe('Disconnected');
  expect(fixture.errors).toEqual([]);
});
