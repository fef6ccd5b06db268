import { afterAll, beforeAll, describe, expect } from 'vitest';
import { commonSdk, connectedTransports, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

describe('a device that loses the right to be connected', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  for (const transport of connectedTransports) {
    const proof = { capability: 'connection: cut off', transport, authentication: 'key' } as const;

    /** Connects a device, takes its right away, and answers when it has noticed; it cannot come back. */
    async function cut(deviceId: string, revoke: () => Promise<unknown>): Promise<void> {
      const connectionString = await hub.createDevice(deviceId);
      const client = await deviceClient(transport, connectionString);
      await client.open();
      await client.sendEvent(new commonSdk.Message('here'));
      const gone = new Promise((resolve) => {
        client.on('disconnect', resolve);
      });
      await revoke();
      await gone;
      await client.close().catch(() => undefined);
      const again = await deviceClient(transport, connectionString);
      await expect(again.open()).rejects.toBeInstanceOf(Error);
    }

    sdkTest(proof, 'when it is deleted', async () => {
      const deviceId = `deleted-${transport}`;
      await cut(deviceId, () => hub.registry.delete(deviceId));
    });

    sdkTest(proof, 'when it is disabled', async () => {
      const deviceId = `disabled-${transport}`;
      await cut(deviceId, () => hub.registry.update({ deviceId, status: 'disabled' }));
    });

    sdkTest(proof, 'when the key it uses is replaced', async () => {
      const deviceId = `rekeyed-${transport}`;
      const [primaryKey, secondaryKey] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
      const authentication = { symmetricKey: { primaryKey, secondaryKey } };
      await cut(deviceId, () => hub.registry.update({ deviceId, authentication }));
    });

    sdkTest(proof, 'but not when only the other key is replaced', async () => {
      const deviceId = `half-rekeyed-${transport}`;
      const connectionString = await hub.createDevice(deviceId);
      const client = await deviceClient(transport, connectionString);
      await client.open();
      await client.sendEvent(new commonSdk.Message('before'));
      const primaryKey = connectionString.slice(connectionString.indexOf('SharedAccessKey=') + 16);
      const secondaryKey = Buffer.alloc(32, 3).toString('base64');
      const authentication = { symmetricKey: { primaryKey, secondaryKey } };
      await hub.registry.update({ deviceId, authentication });
      await client.sendEvent(new commonSdk.Message('after'));
      expect((await hub.registry.get(deviceId)).responseBody.connectionState).toBe('Connected');
      await client.close();
    });
  }
});
