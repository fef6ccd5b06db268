import { afterAll, beforeAll, describe, expect } from 'vitest';
import { allTransports, commonSdk, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

describe('a device with the official SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  for (const transport of allTransports) {
    sdkTest({ capability: 'telemetry', transport, authentication: 'key' }, 'one message', async () => {
      const client = await deviceClient(transport, await hub.createDevice(`telemetry-${transport}`));
      await client.open();
      const message = new commonSdk.Message(JSON.stringify({ temperature: 21 }));
      message.properties.add('site', 'north pole');
      message.contentType = 'application/json';
      const result = await client.sendEvent(message);
      expect(result).toBeDefined();
      await client.close();
    });
  }
});
