import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { fakeSession, openCore, senderOf, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;

beforeAll(async () => {
  fixture = await openCore();
});

afterAll(() => fixture.close());

const modules = () => fixture.core.registry.modules;
const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');

async function moduleToken(identity: string): Promise<string> {
  const [deviceId, moduleId] = identity.split('/');
  const { primaryKey } = (await modules().get(identity)).authentication.symmetricKey;
  return createSasToken({
    resource: `localhost/devices/${deviceId}/modules/${moduleId}`,
    key: primaryKey ?? '',
    expiresAt: fixture.clock.now() / 1_000 + 3_600,
  });
}

async function connect(identity: string) {
  const { sender } = await fixture.core.gatekeeper.authenticateDevice({
    identity,
    token: await moduleToken(identity),
  });
  const session = fakeSession(sender, { methodReady: true });
  fixture.core.sessions.attach(session);
  return session;
}

describe('module identities (service.md §2.5)', () => {
  test('when a module is created, then it has keys of its own, no status, and is listed with its device', async () => {
    await fixture.core.registry.put('m-basic', {}, undefined);
    const created = await modules().put('m-basic/cam', { managedBy: 'me' }, undefined);
    expect(created).toMatchObject({
      deviceId: 'm-basic',
      moduleId: 'cam',
      managedBy: 'me',
      connectionState: 'Disconnected',
    });
    expect(created).not.toHaveProperty('status');
    const device = await fixture.core.registry.get('m-basic');
    expect(created.authentication.symmetricKey.primaryKey).not.toBe(device.authentication.symmetricKey.primaryKey);
    expect(await modules().list('m-basic')).toEqual([created]);
    expect((await fixture.core.registry.list(1000)).filter(({ deviceId }) => deviceId === 'm-basic')).toHaveLength(1);
  });

  test('when managedBy is left out of a replace, then it is cleared', async () => {
    await fixture.core.registry.put('m-managed', {}, undefined);
    await modules().put('m-managed/cam', { managedBy: 'me' }, undefined);
    expect(await modules().put('m-managed/cam', {}, '*')).not.toHaveProperty('managedBy');
  });

  test.each([
    ['is created twice', 'm-rules/cam', undefined, 'ModuleAlreadyExistsOnDevice'],
    ['has no device', 'm-nobody/cam', undefined, 'DeviceNotFound'],
    ['is updated and missing', 'm-rules/none', '*', 'ModuleNotFound'],
    ['has a reserved id', 'm-rules/$edgeAgent', undefined, 'ArgumentInvalid'],
    ['has an id with a space', 'm-rules/a b', undefined, 'ArgumentInvalid'],
  ])('when a module %s, then it is refused', async (_what, identity, ifMatch, symbol) => {
    await fixture.core.registry
      .put('m-rules', {}, '*')
      .catch(() => fixture.core.registry.put('m-rules', {}, undefined));
    await modules()
      .put('m-rules/cam', {}, undefined)
      .catch(() => undefined);
    await expect(modules().put(identity, {}, ifMatch)).rejects.toMatchObject({ symbol });
  });

  test('when fifty modules are there, then the next is refused, one by one and in bulk', async () => {
    await fixture.core.registry.put('m-many', {}, undefined);
    const creates = Array.from({ length: 51 }, (_, index) => ({
      id: 'm-many',
      moduleId: `m${index}`,
      importMode: 'create',
    }));
    const result = await fixture.core.registry.bulk(creates);
    expect(result.errors).toMatchObject([{ deviceId: 'm-many', moduleId: 'm50', errorCode: 'TooManyModulesOnDevice' }]);
    await expect(modules().put('m-many/one-more', {}, undefined)).rejects.toMatchObject({
      symbol: 'TooManyModulesOnDevice',
    });
    expect(await modules().list('m-many')).toHaveLength(50);
  });

  test('when a device is deleted, then its modules go with it and a new device of that name has none', async () => {
    await fixture.core.registry.put('m-gone', {}, undefined);
    await modules().put('m-gone/cam', {}, undefined);
    await fixture.core.registry.delete('m-gone', '*');
    await expect(modules().get('m-gone/cam')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
    await fixture.core.registry.put('m-gone', {}, undefined);
    expect(await modules().list('m-gone')).toEqual([]);
  });

  test('when an edge device is created, then the system modules are there and cannot be deleted', async () => {
    await fixture.core.registry.put('edge', { capabilities: { iotEdge: true } }, undefined);
    expect(await modules().list('edge')).toMatchObject([
      { moduleId: '$edgeAgent', managedBy: 'iotEdge', authentication: { type: 'none' } },
      { moduleId: '$edgeHub' },
    ]);
    await expect(modules().delete('edge/$edgeHub', '*')).rejects.toMatchObject({
      symbol: 'SystemModuleModifyUnauthorizedAccess',
    });
  });
});

describe('twins and methods of modules', () => {
  test('when the twin of a module changes, then the module hears of it and the device does not', async () => {
    await fixture.core.registry.put('t1', {}, undefined);
    await modules().put('t1/cam', {}, undefined);
    const device = fakeSession(await senderOf(fixture, 't1'));
    fixture.core.sessions.attach(device);
    const module = await connect('t1/cam');
    const twin = await fixture.core.twins.patch('t1/cam', { properties: { desired: { rate: 5 } } }, '*');
    expect(twin).toMatchObject({ deviceId: 't1', moduleId: 'cam', properties: { desired: { rate: 5 } } });
    expect(module.desired).toEqual([{ rate: 5, $version: 2 }]);
    expect(device.desired).toEqual([]);
    expect((await fixture.core.twins.get('t1')).properties.desired).not.toHaveProperty('rate');
  });

  test('when a method is called on a module, then its session gets it; without one it is not online', async () => {
    await fixture.core.registry.put('t2', {}, undefined);
    await modules().put('t2/cam', {}, undefined);
    await expect(fixture.core.commands.invoke('t2/cam', { methodName: 'snap' })).rejects.toMatchObject({
      symbol: 'DeviceNotOnline',
    });
    const session = await connect('t2/cam');
    const answer = fixture.core.commands.invoke('t2/cam', { methodName: 'snap' });
    await expect.poll(() => session.methods.length).toBe(1);
    // Another identity cannot answer for it.
    fixture.core.commands.answer('t2', session.methods[0]!.requestId, 200, '"forged"');
    fixture.core.commands.answer('t2/cam', session.methods[0]!.requestId, 200, '"done"');
    expect(await answer).toEqual({ status: 200, payload: 'done' });
  });

  test('when a module is not there, then its twin is not found by the name the SDKs know', async () => {
    await expect(fixture.core.twins.get('t2/none')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
  });
});

describe('who a module may connect as', () => {
  test("when a device's key signs for its module, then it is refused", async () => {
    const device = await fixture.core.registry.put('a1', {}, undefined);
    await modules().put('a1/cam', {}, undefined);
    const token = createSasToken({
      resource: 'localhost/devices/a1/modules/cam',
      key: device.authentication.symmetricKey.primaryKey ?? '',
      expiresAt: fixture.clock.now() / 1_000 + 60,
    });
    await expect(fixture.core.gatekeeper.authenticateDevice({ identity: 'a1/cam', token })).rejects.toMatchObject({
      symbol: 'IotHubUnauthorizedAccess',
    });
  });

  test('when the device is disabled, then its module is refused and its live session ends', async () => {
    await fixture.core.registry.put('a2', {}, undefined);
    await modules().put('a2/cam', {}, undefined);
    const session = await connect('a2/cam');
    const token = await moduleToken('a2/cam');
    await fixture.core.registry.put('a2', { status: 'disabled' }, '*');
    expect(session.ends).toEqual(['disabled']);
    await expect(fixture.core.gatekeeper.authenticateDevice({ identity: 'a2/cam', token })).rejects.toMatchObject({
      symbol: 'DeviceDisabled',
    });
  });

  test('when the device is deleted in bulk, then the sessions of its modules end', async () => {
    await fixture.core.registry.put('a3', {}, undefined);
    await modules().put('a3/cam', {}, undefined);
    const session = await connect('a3/cam');
    await fixture.core.registry.bulk([{ id: 'a3', importMode: 'delete' }]);
    expect(session.ends).toEqual(['deleted']);
  });

  test.each([
    ['the key in use is replaced', { primaryKey: key(1), secondaryKey: key(2) }, ['key-changed']],
    ['the key in use moves to the other slot', { primaryKey: key(3), secondaryKey: 'old primary' }, []],
    ['only the other key is replaced', { primaryKey: 'old primary', secondaryKey: key(4) }, []],
  ])('when %s, then the session ends accordingly', async (_what, keys, ends) => {
    const identity = `a4/m${ends.length}${keys.primaryKey.length}`;
    await fixture.core.registry.put('a4', {}, undefined).catch(() => undefined);
    const { authentication } = await modules().put(identity, {}, undefined);
    const session = await connect(identity);
    const old = authentication.symmetricKey.primaryKey ?? '';
    const value = (text: string) => (text === 'old primary' ? old : text);
    const symmetricKey = { primaryKey: value(keys.primaryKey), secondaryKey: value(keys.secondaryKey) };
    await modules().put(identity, { authentication: { symmetricKey } }, '*');
    expect(session.ends).toEqual(ends);
  });
});

describe('new keys for many (service.md §2.8)', () => {
  test('when some are missing, then the others have new keys and each failure is told', async () => {
    const before = await fixture.core.registry.put('k1', {}, undefined);
    const result = await fixture.core.registry.regenerateKeys({
      policyKey: 'secondaryKey',
      devices: [{ id: 'k1' }, { id: 'k-none' }, { id: 'k1', moduleId: 'none' }],
    });
    const after = await fixture.core.registry.get('k1');
    expect(after.authentication.symmetricKey.primaryKey).toBe(before.authentication.symmetricKey.primaryKey);
    expect(after.authentication.symmetricKey.secondaryKey).not.toBe(before.authentication.symmetricKey.secondaryKey);
    expect(result).toMatchObject({
      isSuccessful: false,
      rotatedKeys: [{ id: 'k1', ...after.authentication.symmetricKey }],
      errors: [
        { deviceId: 'k-none', errorCode: 'DeviceNotFound' },
        { deviceId: 'k1', moduleId: 'none', errorCode: 'ModuleNotFound' },
      ],
    });
  });

  test('when the key has another name, then nothing is changed', async () => {
    await expect(
      fixture.core.registry.regenerateKeys({ policyKey: 'third', devices: [{ id: 'k1' }] }),
    ).rejects.toMatchObject({ symbol: 'InvalidPolicyKey' });
  });
});

describe('device scopes (service.md §2.6)', () => {
  test('when an edge device is created, then it owns a scope that cannot be changed', async () => {
    const edge = await fixture.core.registry.put('s-edge', { capabilities: { iotEdge: true } }, undefined);
    expect(edge.deviceScope).toMatch(/^ms-azure-iot-edge:\/\/s-edge-\d{18}$/);
    await expect(fixture.core.registry.put('s-edge', { capabilities: { iotEdge: true } }, '*')).rejects.toMatchObject({
      symbol: 'InvalidDeviceScope',
    });
    expect((await fixture.core.registry.put('s-edge', edge, '*')).deviceScope).toBe(edge.deviceScope);
  });

  test('when a leaf names its parent, then it is listed below it; an empty scope detaches it', async () => {
    const edge = await fixture.core.registry.put('s-parent', { capabilities: { iotEdge: true } }, undefined);
    const scope = edge.deviceScope ?? '';
    const leaf = await fixture.core.registry.put('s-leaf', { deviceScope: scope }, undefined);
    expect(leaf).toMatchObject({ deviceScope: scope, parentScopes: [scope] });
    const children = `SELECT deviceId FROM devices WHERE array_contains(parentScopes, '${scope}')`;
    expect((await fixture.core.queries.run(children, { limit: 10 })).rows).toEqual([{ deviceId: 's-leaf' }]);
    expect(await fixture.core.registry.put('s-leaf', { deviceScope: '' }, '*')).not.toHaveProperty('parentScopes');
  });

  test('when the parent is nobody, then the write is refused', async () => {
    await expect(
      fixture.core.registry.put('s-orphan', { deviceScope: 'ms-azure-iot-edge://nobody-1' }, undefined),
    ).rejects.toMatchObject({ symbol: 'InvalidDeviceScope' });
  });
});

describe('queries over modules', () => {
  test('when modules are asked for page by page, then each comes once, as a twin with its own properties', async () => {
    await fixture.core.registry.put('q1', { deviceId: 'q1' }, undefined);
    for (const name of ['a', 'b', 'c']) await modules().put(`q1/${name}`, {}, undefined);
    await fixture.core.twins.patch('q1/b', { tags: { role: 'camera' } }, '*');
    const text = "SELECT * FROM devices.modules WHERE deviceId = 'q1'";
    const seen: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await fixture.core.queries.run(text, { limit: 2, after });
      expect(page.type).toBe('Twin');
      seen.push(...page.rows.map((row) => row['moduleId']));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(['a', 'b', 'c']);
    const raw = await fixture.core.queries.run(
      "SELECT deviceId, moduleId FROM devices.modules WHERE tags.role = 'camera'",
      { limit: 10 },
    );
    expect(raw).toMatchObject({ type: 'Raw', rows: [{ deviceId: 'q1', moduleId: 'b' }] });
  });

  test('when devices are counted, then modules are not', async () => {
    const before = await fixture.core.registry.counts();
    await modules().put('q1/extra', {}, undefined);
    expect(await fixture.core.registry.counts()).toEqual(before);
  });
});
