import { createRequire } from 'node:module';
import type * as ServiceSdk from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { commonSdk, connectedTransports, moduleClient } from './device-clients.ts';
import { storedTelemetry } from './identities-rest.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const serviceSdk = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;

describe('a module with the official SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
    await hub.createDevice('gateway');
  });
  afterAll(() => hub?.close());

  async function createModule(moduleId: string): Promise<string> {
    const { responseBody } = await hub.registry.addModule({ deviceId: 'gateway', moduleId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey;
    return `HostName=${hub.hostName};DeviceId=gateway;ModuleId=${moduleId};SharedAccessKey=${key}`;
  }

  for (const transport of connectedTransports) {
    const proof = { transport, authentication: 'key' } as const;

    sdkTest({ capability: 'module: outputs', ...proof }, 'an output message is stored as what it is', async () => {
      const moduleId = `out-${transport}`;
      const client = moduleClient(transport, await createModule(moduleId));
      await client.open();
      await client.sendOutputEvent('alarms', new commonSdk.Message(`from ${moduleId}`));
      await client.close();
      const stored = await storedTelemetry(hub);
      expect(stored.find((message) => message.moduleId === moduleId)).toMatchObject({
        deviceId: 'gateway',
        system: { 'iothub-outputname': 'alarms' },
      });
    });

    sdkTest({ capability: 'module: twin', ...proof }, 'reported goes up, desired comes down', async () => {
      const moduleId = `twin-${transport}`;
      const client = moduleClient(transport, await createModule(moduleId));
      await client.open();
      const twin = await client.getTwin();
      const heard = new Promise<unknown>((resolve) => {
        twin.on('properties.desired.zoom', resolve);
      });
      await new Promise<void>((resolve, reject) => {
        twin.properties.reported.update({ firmware: '1.2' }, (error: Error | null) =>
          error ? reject(error) : resolve(),
        );
      });
      const service = (await hub.registry.getModuleTwin('gateway', moduleId)).responseBody;
      expect(service.properties.reported).toMatchObject({ firmware: '1.2' });
      await hub.registry.updateModuleTwin('gateway', moduleId, { properties: { desired: { zoom: 3 } } }, '*');
      expect(await heard).toBe(3);
      await client.close();
    });

    sdkTest({ capability: 'module: methods', ...proof }, 'a method is answered by the module', async () => {
      const moduleId = `method-${transport}`;
      const client = moduleClient(transport, await createModule(moduleId));
      client.onMethod('snap', (request, response) => {
        void response?.send(200, { echoed: request?.payload as unknown });
      });
      await client.open();
      const service = serviceSdk.Client.fromConnectionString(hub.info.connectionString);
      const { result } = await service.invokeDeviceMethod('gateway', moduleId, {
        methodName: 'snap',
        payload: { size: 4 },
        responseTimeoutInSeconds: 15,
        connectTimeoutInSeconds: 10,
      });
      expect(result).toMatchObject({ status: 200, payload: { echoed: { size: 4 } } });
      await client.close();
    });

    sdkTest(
      { capability: 'module: cut off', ...proof },
      'when its device is disabled, then it is let go and refused',
      async () => {
        const deviceId = `cut-${transport}`;
        await hub.createDevice(deviceId);
        const { responseBody } = await hub.registry.addModule({ deviceId, moduleId: 'cam' });
        const key = responseBody.authentication?.symmetricKey?.primaryKey;
        const client = moduleClient(
          transport,
          `HostName=${hub.hostName};DeviceId=${deviceId};ModuleId=cam;SharedAccessKey=${key}`,
        );
        client.setRetryPolicy(new commonSdk.NoRetry());
        await client.open();
        // Over AMQP a module is connected as soon as it has a link.
        await client.sendEvent(new commonSdk.Message('here'));
        const gone = new Promise((resolve) => {
          client.on('disconnect', resolve);
        });
        await hub.registry.update({ deviceId, status: 'disabled' });
        await gone;
        await client.close().catch(() => undefined);
        const again = moduleClient(
          transport,
          `HostName=${hub.hostName};DeviceId=${deviceId};ModuleId=cam;SharedAccessKey=${key}`,
        );
        again.setRetryPolicy(new commonSdk.NoRetry());
        await expect(again.open()).rejects.toBeInstanceOf(Error);
      },
    );
  }
});
