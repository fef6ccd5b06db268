import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;

beforeAll(async () => {
  fixture = await openCore();
});

afterAll(() => fixture.close());

const put = (id: string, body: unknown, ifMatch?: string) => fixture.core.registry.put(id, body, ifMatch);
const bulk = (body: unknown) => fixture.core.registry.bulk(body);
const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');

const keys = (primaryKey: unknown, secondaryKey: unknown = primaryKey) => ({
  authentication: { type: 'sas', symmetricKey: { primaryKey, secondaryKey } },
});

describe('what an identity may be', () => {
  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['another id', { deviceId: 'other' }],
    ['one key alone', keys(base64(32), '')],
    ['a short key', keys(base64(15))],
    ['a long key', keys(base64(65))],
    ['a key that is not base64', keys('not base64 at all!')],
    ['a key that is a number', keys(7)],
    ['type none', { authentication: { type: 'none' } }],
    ['an unknown type', { authentication: { type: 'magic' } }],
    [
      'a thumbprint with colons',
      { authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'AB:'.repeat(20) } } },
    ],
    ['an unknown status', { status: 'sleeping' }],
    ['a long reason', { statusReason: 'x'.repeat(129) }],
    ['iotEdge as text', { capabilities: { iotEdge: 'yes' } }],
  ])('when the body has %s, it is refused and nothing is created', async (_what, body) => {
    await expect(put('refused', body)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
    await expect(fixture.core.registry.get('refused')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
  });

  test.each(['', 'a/b', 'a b', 'ä', 'x'.repeat(129), '.', '..'])('when the id is "%s", it is refused', async (id) => {
    await expect(put(id, {})).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  });

  test('when the SDK echoes what it read, names and words in any case are understood', async () => {
    const created = await put('echo', {
      DeviceId: 'echo',
      Status: 'Disabled',
      Authentication: { SymmetricKey: { PrimaryKey: '', SecondaryKey: null } },
      cloudToDeviceMessageCount: '0',
    });
    expect(created).toMatchObject({
      status: 'disabled',
      authentication: { type: 'sas', x509Thumbprint: { primaryThumbprint: null } },
    });
    const same = await put('echo', created, created.etag);
    expect(same.authentication).toEqual(created.authentication);
    expect(same.etag).not.toBe(created.etag);
    expect(same.generationId).toBe(created.generationId);
  });

  test('when a thumbprint is given without a type, the device is self-signed and has no keys', async () => {
    const device = await put('cert', { authentication: { x509Thumbprint: { primaryThumbprint: 'aB'.repeat(20) } } });
    expect(device.authentication).toEqual({
      type: 'selfSigned',
      symmetricKey: { primaryKey: null, secondaryKey: null },
      x509Thumbprint: { primaryThumbprint: 'aB'.repeat(20), secondaryThumbprint: null },
    });
  });

  test('when a device is deleted and made again, generation and etag differ', async () => {
    const first = await put('again', {});
    await fixture.core.registry.delete('again', first.etag);
    const second = await put('again', {});
    expect(second.generationId).toMatch(/^\d{18}$/);
    expect([second.generationId, second.etag]).not.toEqual([first.generationId, first.etag]);
    await expect(put('again', {}, first.etag)).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
  });

  test('when many put the same new device at once, one wins', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => put('race', {})));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ symbol: 'DeviceAlreadyExists' });
  });
});

/** The error codes of a bulk request with one element for the device `modes`. */
async function runOnModes(element: object): Promise<string[]> {
  return (await bulk([{ id: 'modes', ...element }])).errors.map(({ errorCode }) => errorCode);
}

describe('bulk', () => {
  test('when elements fail, the others are done and each failure is told', async () => {
    await put('b-old', {});
    const result = await bulk([
      { id: 'b-1', importMode: 'create', tags: { site: 'north' }, properties: { desired: { interval: 5 } } },
      { id: 'b-old', importMode: 'create' },
      { id: 'b-none', importMode: 'Update' },
      { id: 'bad id', importMode: 'create' },
      { id: 'b-mode', importMode: 'explode' },
      { id: 'b-key', importMode: 'create', authentication: { symmetricKey: { primaryKey: 'x', secondaryKey: 'y' } } },
      'nonsense',
    ]);
    expect(result.isSuccessful).toBe(false);
    expect(Object.fromEntries(result.errors.map((error) => [error.deviceId, error.errorCode]))).toEqual({
      'b-old': 'DeviceAlreadyExists',
      'b-none': 'DeviceNotFound',
      'bad id': 'ArgumentInvalid',
      'b-mode': 'ArgumentInvalid',
      'b-key': 'ArgumentInvalid',
      '': 'ArgumentInvalid',
    });
    const twin = await fixture.core.twins.get('b-1');
    expect(twin).toMatchObject({
      tags: { site: 'north' },
      properties: { desired: { interval: 5, $version: 1 } },
      etag: 'AAAAAAAAAAE=',
    });
  });

  test('when every mode is used, each does what its name says', async () => {
    const created = await put('modes', { statusReason: 'first' });
    expect(await runOnModes({ importMode: 'updateIfMatchETag', eTag: 'stale', statusReason: 'no' })).toEqual([
      'PreconditionFailed',
    ]);
    expect(
      await runOnModes({ importMode: 'UpdateIfMatchETag', etag: `"${created.etag}"`, statusReason: 'second' }),
    ).toEqual([]);
    expect(await runOnModes({ importMode: 'updateIfMatchETag' })).toEqual(['ArgumentInvalid']);
    expect(await runOnModes({ importMode: 'updateTwin', tags: { a: 1, b: 2 } })).toEqual([]);
    expect(await runOnModes({ importMode: 'updateTwin', tags: { a: null } })).toEqual([]);
    const twin = await fixture.core.twins.get('modes');
    expect([twin.tags, twin.statusReason]).toEqual([{ b: 2 }, 'second']);
    expect(await runOnModes({ importMode: 'updateTwinIfMatchETag', twinETag: 'stale', tags: {} })).toEqual([
      'PreconditionFailed',
    ]);
    expect(await runOnModes({ importMode: 'updateTwinIfMatchETag', twinETag: twin.etag, tags: { c: 3 } })).toEqual([]);
    expect(await runOnModes({ importMode: 'createOrUpdate', tags: { only: 1 } })).toEqual([]);
    expect((await fixture.core.twins.get('modes')).tags).toEqual({ only: 1 });
    expect(await runOnModes({ importMode: 'deleteIfMatchETag', eTag: 'stale' })).toEqual(['PreconditionFailed']);
    expect(await runOnModes({ importMode: 'delete' })).toEqual([]);
    expect(await runOnModes({ importMode: 'delete' })).toEqual(['DeviceNotFound']);
    expect(await runOnModes({ importMode: 'createOrUpdateIfMatchETag' })).toEqual([]);
  });

  test.each([
    ['no list', {}, 'ArgumentInvalid'],
    ['an empty list', [], 'ArgumentInvalid'],
    ['101 devices', Array.from({ length: 101 }, (_, n) => ({ id: `x${n}`, importMode: 'create' })), 'ArgumentInvalid'],
    [
      'a device twice',
      [
        { id: 'twice', importMode: 'create' },
        { id: 'twice', importMode: 'create' },
      ],
      'DeviceDefinedMultipleTimes',
    ],
  ])('when the request is %s, it is refused as a whole', async (_what, body, symbol) => {
    await expect(bulk(body)).rejects.toMatchObject({ symbol });
    await expect(fixture.core.registry.get('twice')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
  });

  test('when bulk requests and single writes race, nothing is lost', async () => {
    await put('counted', {});
    const writes = Array.from({ length: 10 }, (_, n) => [
      fixture.core.twins.patch('counted', { tags: { [`single${n}`]: n } }, undefined),
      bulk([{ id: 'counted', importMode: 'updateTwin', tags: { [`bulk${n}`]: n } }]),
    ]).flat();
    await Promise.all(writes);
    const { tags } = await fixture.core.twins.get('counted');
    expect(Object.keys(tags)).toHaveLength(20);
  });
});
