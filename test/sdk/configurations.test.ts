import { createRequire } from 'node:module';
import type * as ServiceSdk from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const sdk = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;
const proof = { capability: 'configurations', transport: 'HTTPS', authentication: 'policy' } as const;

describe('configurations with the registry of the service SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
    for (const id of ['north-1', 'north-2', 'south-1']) {
      await hub.createDevice(id);
      await hub.registry.updateTwin(id, { tags: { site: id.split('-')[0] } }, '*');
    }
    await hub.registry.create({
      deviceId: 'edge-1',
      capabilities: { iotEdge: true },
    });
  });
  afterAll(() => hub?.close());

  const north = {
    id: 'north',
    content: { deviceContent: { 'properties.desired.limits': { pressure: 8 } } },
    targetCondition: "tags.site='north'",
    priority: 10,
    metrics: { queries: { all: 'SELECT deviceId FROM devices' } },
  } as unknown as ServiceSdk.Configuration;

  async function evaluated(id: string): Promise<ServiceSdk.Configuration> {
    for (;;) {
      const { responseBody } = await hub.registry.getConfiguration(id);
      if (responseBody.systemMetrics?.results?.['appliedCount'] !== undefined) return responseBody;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  sdkTest(proof, 'add, evaluate, update, list, remove', async () => {
    const { registry } = hub;
    const { responseBody: added } = await registry.addConfiguration(north);
    expect(added).toMatchObject({ id: 'north', schemaVersion: '1.0', etag: 'MQ==' });
    expect(await evaluated('north')).toMatchObject({
      systemMetrics: { results: { targetedCount: 2, appliedCount: 2 } },
      metrics: { results: { all: 4 } },
    });
    const { responseBody: twin } = await registry.getTwin('north-2');
    expect(twin.properties.desired).toMatchObject({ limits: { pressure: 8 } });
    const { responseBody: now } = await registry.getConfiguration('north');
    const { responseBody: updated } = await registry.updateConfiguration({
      ...now,
      priority: 11,
    });
    expect(updated).toMatchObject({ priority: 11, etag: 'Mg==' });
    await expect(registry.updateConfiguration(now)).rejects.toMatchObject({ name: 'InvalidEtagError' });
    await expect(registry.addConfiguration(north)).rejects.toMatchObject({ name: 'DeviceAlreadyExistsError' });
    expect((await registry.getConfigurations()).responseBody.map(({ id }) => id)).toEqual(['north']);
    await registry.removeConfiguration('north');
    await expect(registry.getConfiguration('north')).rejects.toThrow();
  });

  sdkTest(proof, 'content for one edge device', async () => {
    const { registry } = hub;
    const modulesContent = {
      $edgeAgent: { 'properties.desired': { schemaVersion: '1.1', modules: { camera: { version: '1' } } } },
      $edgeHub: { 'properties.desired': { schemaVersion: '1.1', routes: {} } },
      camera: { 'properties.desired': { fps: 25 } },
    };
    await registry.applyConfigurationContentOnDevice('edge-1', { modulesContent });
    const { responseBody: modules } = await registry.getModulesOnDevice('edge-1');
    expect(modules.map(({ moduleId }) => moduleId).toSorted()).toEqual(['$edgeAgent', '$edgeHub', 'camera']);
    expect((await registry.getModuleTwin('edge-1', 'camera')).responseBody.properties.desired).toMatchObject({
      fps: 25,
    });
    await expect(registry.applyConfigurationContentOnDevice('north-1', { modulesContent })).rejects.toMatchObject({
      name: 'ArgumentError',
    });
  });

  sdkTest({ ...proof, capability: 'registry: statistics' }, 'devices are counted', async () => {
    expect((await hub.registry.getRegistryStatistics()).responseBody).toEqual({
      totalDeviceCount: 4,
      enabledDeviceCount: 4,
      disabledDeviceCount: 0,
    });
  });

  sdkTest({ ...proof, capability: 'registry: query' }, 'pages of twins and of projections', async () => {
    const query = hub.registry.createQuery("SELECT * FROM devices WHERE tags.site = 'north'", 1);
    const ids: string[] = [];
    while (query.hasMoreResults) {
      const { result } = await query.nextAsTwin(query.continuationToken);
      ids.push(...result.map(({ deviceId }) => deviceId));
    }
    expect(ids).toEqual(['north-1', 'north-2']);
    const counts = hub.registry.createQuery('SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site');
    const { result } = await counts.next();
    expect(result).toContainEqual({ site: 'north', n: 2 });
    await expect(hub.registry.createQuery('SELECT FROM').next()).rejects.toMatchObject({ name: 'ArgumentError' });
  });

  const twins = { capability: 'registry: digital twins', transport: 'HTTPS', authentication: 'policy' } as const;
  sdkTest(twins, 'read, update, command of a component', async () => {
    const client = await deviceClient('MQTT', await hub.createDevice('pnp-1'));
    client.onDeviceMethod('thermostat*reset', (request, response) => void response.send(207, { was: request.payload }));
    await client.open();
    try {
      const credentials = new sdk.IoTHubTokenCredentials(hub.info.connectionString);
      const digital = new sdk.DigitalTwinClient(credentials);
      const patch = [{ op: 'add', path: '/thermostat/target', value: 21 }];
      await digital.updateDigitalTwin('pnp-1', patch);
      const { properties } = (await hub.registry.getTwin('pnp-1')).responseBody;
      expect(properties.desired).toMatchObject({ thermostat: { __t: 'c', target: 21 } });
      const twin = await digital.getDigitalTwin('pnp-1');
      expect(twin).toMatchObject({
        $dtId: 'pnp-1',
        $metadata: { $model: '' },
        thermostat: { $metadata: { target: { desiredValue: 21 } } },
        _response: { parsedHeaders: { eTag: expect.any(String) } },
      });
      const answer = await digital.invokeComponentCommand(
        'pnp-1',
        'thermostat',
        'reset',
        { hard: true },
        {
          connectTimeoutInSeconds: 5,
          responseTimeoutInSeconds: 10,
        },
      );
      expect(answer).toMatchObject({ xMsCommandStatuscode: 207, body: { was: { hard: true } } });
    } finally {
      await client.close();
    }
  });
});

describe('a hub that imitates the cloud', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub({ imitation: { tier: 'S1' } });
  });
  afterAll(() => hub?.close());

  sdkTest({ ...proof, capability: 'registry: throttling' }, 'refuses too many queries as the SDK expects', async () => {
    const queries = Array.from({ length: 30 }, () => hub.registry.createQuery('SELECT * FROM devices').next());
    const results = await Promise.allSettled(queries);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(results.length - refused.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { name: 'ThrottlingError' } });
  });
});
