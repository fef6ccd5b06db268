import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentOf } from '../../../src/protocol/twin/index.ts';
import { fakeSession, openCore, senderOf, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;
const now = '2026-01-01T00:00:00.0000000Z';

beforeAll(async () => {
  fixture = await openCore();
  for (const id of ['fresh', 'pump', 'limits', 'reporter']) await fixture.core.registry.put(id, {}, undefined);
});

afterAll(() => fixture.close());

const twins = () => fixture.core.twins;

test('when a device is new, its twin is the documented one', async () => {
  const { etag } = await fixture.core.registry.get('fresh');
  expect(await twins().get('fresh')).toEqual({
    deviceId: 'fresh',
    etag: 'AAAAAAAAAAE=',
    deviceEtag: etag,
    status: 'enabled',
    statusUpdateTime: '0001-01-01T00:00:00Z',
    connectionState: 'Disconnected',
    lastActivityTime: '0001-01-01T00:00:00Z',
    cloudToDeviceMessageCount: 0,
    authenticationType: 'sas',
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    modelId: '',
    version: 1,
    tags: {},
    properties: {
      desired: { $metadata: { $lastUpdated: now }, $version: 1 },
      reported: { $metadata: { $lastUpdated: now }, $version: 1 },
    },
    capabilities: { iotEdge: false },
  });
});

test('when a service merges, nulls delete, echoes of $version are ignored and the rest stays', async () => {
  await twins().patch('pump', { tags: { a: 1, b: { c: 2, d: 3 } }, properties: { desired: { x: [1, 2] } } }, undefined);
  const twin = await twins().patch(
    'pump',
    {
      tags: { b: { c: null } },
      properties: { desired: { x: [3], $version: 99, $metadata: {} }, reported: { forged: 1 } },
      etag: 'ignored',
    },
    undefined,
  );
  expect(twin.tags).toEqual({ a: 1, b: { d: 3 } });
  expect(twin.properties.desired).toMatchObject({ x: [3], $version: 3 });
  expect(twin.properties.reported).not.toHaveProperty('forged');
  expect([twin.version, twin.etag]).toEqual([3, 'AAAAAAAAAAM=']);
});

test('when a service sends null for a section, it is emptied and a device hears of each key that went', async () => {
  const { sessions } = fixture.core;
  await fixture.core.registry.put('d1', { deviceId: 'd1' }, undefined);
  const session = fakeSession(await senderOf(fixture, 'd1'));
  sessions.attach(session);
  await twins().patch('d1', { tags: { a: 1 }, properties: { desired: { b: 2, c: { d: 3 } } } }, undefined);
  const twin = await twins().patch('d1', { tags: null, properties: { desired: null } }, undefined);
  expect(twin.tags).toEqual({});
  expect(contentOf(twin.properties.desired)).toEqual({});
  expect(session.desired.at(-1)).toEqual({ b: null, c: null, $version: 3 });
});

test('when only tags change, the desired version stays', async () => {
  const before = await twins().get('pump');
  const after = await twins().patch('pump', { tags: { z: 1 } }, before.etag);
  expect(after.properties.desired['$version']).toBe(before.properties.desired['$version']);
  await expect(twins().patch('pump', { tags: {} }, before.etag)).rejects.toMatchObject({
    symbol: 'PreconditionFailed',
  });
});

test.each([
  ['a list as body', []],
  ['tags that are text', { tags: 'x' }],
  ['null inside an array', { tags: { a: [null] } }],
  ['a key with a dot', { tags: { 'a.b': 1 } }],
  ['tags above 8 KB', { tags: Object.fromEntries(['a', 'b', 'c'].map((key) => [key, 'x'.repeat(4_000)])) }],
  ['a string above 4 KB', { properties: { desired: { a: 'x'.repeat(4_097) } } }],
])('when the change has %s, it is refused and nothing is applied', async (_what, body) => {
  await expect(twins().patch('limits', body, undefined)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  expect((await twins().get('limits')).version).toBe(1);
});

test('when small patches add up to too much, the one that crosses the limit is refused', async () => {
  await twins().patch('limits', { tags: { a: 'x'.repeat(4_000), b: 'x'.repeat(4_000) } }, undefined);
  await expect(twins().patch('limits', { tags: { c: 'x'.repeat(400) } }, undefined)).rejects.toMatchObject({
    symbol: 'ArgumentInvalid',
  });
});

test('when a device reports, its version rises, the etag stays, and its own view has no metadata', async () => {
  expect(await twins().patchReported('reporter', { fw: { version: '1.0', old: null } })).toBe(2);
  expect(await twins().patchReported('reporter', { fw: { ok: true }, $version: 7 }, 2)).toBe(3);
  await expect(twins().patchReported('reporter', {}, 2)).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
  for (const patch of [null, [], 'x', { $other: 1 }, { a: { b: [null] } }]) {
    await expect(twins().patchReported('reporter', patch)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  }
  const twin = await twins().get('reporter');
  expect([twin.etag, twin.version]).toEqual(['AAAAAAAAAAE=', 3]);
  expect(await twins().readAsDevice('reporter')).toEqual({
    desired: { $version: 1 },
    reported: { fw: { version: '1.0', ok: true }, $version: 3 },
  });
});

test('when the device is unknown, every call says so', async () => {
  for (const call of [
    () => twins().get('ghost'),
    () => twins().patch('ghost', {}, undefined),
    () => twins().readAsDevice('ghost'),
    () => twins().patchReported('ghost', {}),
  ]) {
    await expect(call()).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
  }
});
