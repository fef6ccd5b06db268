import { createRequire } from 'node:module';
import type * as ServiceSdk from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const serviceSdk = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;
const rest = { transport: 'HTTPS', authentication: 'policy' } as const;

/** The SDK answers with `{responseBody}`, whatever its types say. */
async function body<Value>(answer: Promise<{ responseBody: Value }>): Promise<Value> {
  return (await answer).responseBody;
}

describe('the registry of the official service SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  sdkTest({ capability: 'registry: devices', ...rest }, 'create, read, update, list, delete', async () => {
    const { registry } = hub;
    const created = await body(registry.create({ deviceId: 'r1' }));
    expect(created.authentication?.symmetricKey?.primaryKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    const updated = await body(
      registry.update({
        deviceId: 'r1',
        status: 'disabled',
        statusReason: 'test',
        authentication: created.authentication,
      }),
    );
    expect(updated).toMatchObject({ status: 'disabled', statusReason: 'test' });
    expect((await body(registry.get('r1'))).authentication).toEqual(created.authentication);
    expect((await body(registry.list())).map(({ deviceId }) => deviceId)).toContain('r1');
    await expect(registry.create({ deviceId: 'r1' })).rejects.toMatchObject({ name: 'DeviceAlreadyExistsError' });
    await registry.delete('r1');
    await expect(registry.get('r1')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  sdkTest({ capability: 'registry: modules', ...rest }, 'create, read, update, list, delete', async () => {
    const { registry } = hub;
    await registry.create({ deviceId: 'r2' });
    const created = await body(registry.addModule({ deviceId: 'r2', moduleId: 'cam' }));
    expect(created).toMatchObject({ deviceId: 'r2', moduleId: 'cam' });
    const updated = await body(registry.updateModule({ ...created, managedBy: 'someone' }));
    expect(updated).toMatchObject({ managedBy: 'someone', authentication: created.authentication });
    expect(await body(registry.getModulesOnDevice('r2'))).toHaveLength(1);
    expect(await body(registry.getModule('r2', 'cam'))).toMatchObject({ managedBy: 'someone' });
    await expect(registry.addModule({ deviceId: 'r2', moduleId: 'cam' })).rejects.toMatchObject({
      name: 'DeviceAlreadyExistsError',
    });
    await registry.removeModule('r2', 'cam');
    expect(await body(registry.getModulesOnDevice('r2'))).toEqual([]);
  });

  sdkTest({ capability: 'registry: bulk', ...rest }, 'add, update, remove; each failure is told', async () => {
    const { registry } = hub;
    const devices = Array.from({ length: 5 }, (_, index) => ({ deviceId: `b${index}` }));
    expect(await body(registry.addDevices(devices))).toMatchObject({ isSuccessful: true, errors: [] });
    await expect(registry.addDevices(devices.slice(0, 1))).rejects.toMatchObject({ name: 'ArgumentError' });
    const disabled = devices.map((device) => ({ ...device, status: 'disabled' as const }));
    expect(await body(registry.updateDevices(disabled, true))).toMatchObject({ isSuccessful: true });
    expect((await body(registry.get('b3'))).status).toBe('disabled');
    expect(await body(registry.removeDevices(devices, true))).toMatchObject({ isSuccessful: true });
    await expect(registry.get('b3')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  sdkTest({ capability: 'registry: device twins', ...rest }, 'read, merge with an etag, replace', async () => {
    const { registry } = hub;
    await registry.create({ deviceId: 't1' });
    const twin = await body(registry.getTwin('t1'));
    const patch = { tags: { site: 'north' }, properties: { desired: { rate: 5 } } };
    const patched = await body(registry.updateTwin('t1', patch, twin.etag));
    expect(patched).toMatchObject({ tags: { site: 'north' }, properties: { desired: { rate: 5, $version: 2 } } });
    await expect(registry.updateTwin('t1', patch, twin.etag)).rejects.toMatchObject({ name: 'InvalidEtagError' });
  });

  sdkTest({ capability: 'registry: module twins', ...rest }, 'read, merge', async () => {
    const { registry } = hub;
    await registry.create({ deviceId: 't2' });
    await registry.addModule({ deviceId: 't2', moduleId: 'cam' });
    const twin = await body(registry.getModuleTwin('t2', 'cam'));
    expect(twin).toMatchObject({ deviceId: 't2', moduleId: 'cam' });
    const patched = await body(
      registry.updateModuleTwin('t2', 'cam', { properties: { desired: { zoom: 2 } } }, twin.etag),
    );
    expect(patched).toMatchObject({ moduleId: 'cam', properties: { desired: { zoom: 2 } } });
    await expect(registry.getModuleTwin('t2', 'none')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  sdkTest({ capability: 'registry: query', ...rest }, 'devices and modules, page by page', async () => {
    const { registry } = hub;
    await registry.create({ deviceId: 'q1' });
    for (const moduleId of ['a', 'b', 'c']) await registry.addModule({ deviceId: 'q1', moduleId });
    const query = registry.createQuery("SELECT * FROM devices.modules WHERE deviceId = 'q1'", 2);
    const names: string[] = [];
    while (query.hasMoreResults) {
      const page = (await query.nextAsTwin()).result as unknown as { moduleId: string }[];
      names.push(...page.map(({ moduleId }) => moduleId));
    }
    expect(names).toEqual(['a', 'b', 'c']);
  });

  sdkTest({ capability: 'registry: statistics', ...rest }, 'devices alone are counted', async () => {
    const { registry } = hub;
    const before = await body(registry.getRegistryStatistics());
    await registry.create({ deviceId: 's1' });
    await registry.addModule({ deviceId: 's1', moduleId: 'cam' });
    const after = await body(registry.getRegistryStatistics());
    expect(after.totalDeviceCount).toBe(before.totalDeviceCount + 1);
  });

  sdkTest({ capability: 'registry: policies', ...rest }, 'a policy without the right is refused', async () => {
    const reader = hub.info.connectionString.replace(
      /SharedAccessKey=.*/,
      `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`,
    );
    const stranger = serviceSdk.Registry.fromConnectionString(reader);
    await expect(stranger.list()).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });
});
