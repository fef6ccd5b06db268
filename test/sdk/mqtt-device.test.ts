/** What an MQTT connection of the official SDK lives through: new tokens, another connection, refusals, a restart of the hub. */
import { once } from 'node:events';
import type { Message } from 'azure-iot-common';
import type { Client, DeviceMethodRequest, DeviceMethodResponse, Twin } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { backEnd } from './amqp-support.ts';
import { commonSdk, deviceClient, deviceSdk, transports } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

describe('a device over MQTT with the official SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  async function tokenOf(deviceId: string, seconds: number): Promise<string> {
    const { authentication } = (await hub.registry.get(deviceId)).responseBody;
    return createSasToken({
      resource: `${hub.hostName}/devices/${deviceId}`,
      key: authentication?.symmetricKey?.primaryKey ?? '',
      expiresAt: Math.floor(Date.now() / 1_000) + seconds,
    });
  }

  /** Everything that comes from the back end reaches the device. */
  async function expectReachable(
    deviceId: string,
    { messages, twin }: Awaited<ReturnType<typeof listen>>,
    mark: string,
  ) {
    const service = backEnd(hub);
    const message = new commonSdk.Message(mark);
    message.messageId = mark;
    await service.send(deviceId, message);
    await expect.poll(() => messages, { timeout: 5_000 }).toContain(mark);
    const { result } = await service.invokeDeviceMethod(deviceId, {
      methodName: 'echo',
      payload: mark,
      connectTimeoutInSeconds: 5,
      responseTimeoutInSeconds: 5,
    });
    expect(result).toEqual({ status: 200, payload: mark });
    const told = new Promise<void>((resolve) => {
      twin.on('properties.desired', (desired: { readonly mark?: string }) => {
        if (desired.mark === mark) resolve();
      });
    });
    await hub.registry.updateTwin(deviceId, { properties: { desired: { mark } } }, '*');
    await told;
    await service.close();
  }

  for (const transport of ['MQTT', 'MQTT-WS'] as const) {
    sdkTest(
      { capability: 'connection: token renewal', transport, authentication: 'token' },
      'all subscriptions stay',
      async () => {
        const deviceId = `renewal-${transport}`;
        await hub.createDevice(deviceId);
        const client = deviceSdk.Client.fromSharedAccessSignature(await tokenOf(deviceId, 600), transports[transport]);
        await client.open();
        const heard = await listen(client);
        await expectReachable(deviceId, heard, 'before');
        // Over MQTT the SDK connects anew with clean session 0, and does not subscribe again (device.md §1.4).
        const token = await tokenOf(deviceId, 1_200);
        await new Promise<void>((resolve, reject) => {
          client.updateSharedAccessSignature(token, (error?: Error) => (error ? reject(error) : resolve()));
        });
        await expectReachable(deviceId, heard, 'after');
        await client.close();
      },
    );

    sdkTest(
      { capability: 'connection: refusal', transport, authentication: 'key' },
      'a wrong key is told apart',
      async () => {
        const deviceId = `refused-${transport}`;
        await hub.createDevice(deviceId);
        const key = Buffer.alloc(32, 7).toString('base64');
        const client = await deviceClient(
          transport,
          `HostName=${hub.hostName};DeviceId=${deviceId};SharedAccessKey=${key}`,
        );
        await expect(client.open()).rejects.toThrow(commonSdk.errors.UnauthorizedError);
      },
    );

    sdkTest(
      { capability: 'connection: cut off', transport, authentication: 'key' },
      'cuts the connection',
      async () => {
        const deviceId = `disabled-${transport}`;
        const connectionString = await hub.createDevice(deviceId);
        const client = await deviceClient(transport, connectionString);
        await client.open();
        const disconnected = once(client, 'disconnect');
        await hub.registry.update({ deviceId, status: 'disabled' });
        await disconnected;
        await expect((await deviceClient(transport, connectionString)).open()).rejects.toThrow();
      },
    );

    sdkTest({ capability: 'connection: takeover', transport, authentication: 'key' }, 'from AMQP', async () => {
      const connectionString = await hub.createDevice(`takeover-${transport}`);
      const first = await deviceClient('AMQP', connectionString);
      await first.open();
      // Over AMQP the SDK opens the link of the device with the first message.
      await first.sendEvent(new commonSdk.Message('mine'));
      const displaced = once(first, 'disconnect');
      const second = await deviceClient(transport, connectionString);
      await second.open();
      await displaced;
      await second.sendEvent(new commonSdk.Message('mine now'));
      await second.close();
    });

    sdkTest(
      { capability: 'connection: reconnect', transport, authentication: 'key' },
      'after a restart of the hub',
      async () => {
        const deviceId = `restart-${transport}`;
        const client = await deviceClient(transport, await hub.createDevice(deviceId));
        client.setRetryPolicy(new commonSdk.ExponentialBackOffWithJitter(true));
        await client.open();
        const heard = await listen(client);
        await expectReachable(deviceId, heard, 'before');
        await hub.restart();
        await client.sendEvent(new commonSdk.Message('after'));
        await expectReachable(deviceId, heard, 'after');
        await client.close();
      },
    );
  }
});

/** Listens for everything a device can hear; answers what it heard. */
async function listen(client: Client): Promise<{ readonly messages: string[]; readonly twin: Twin }> {
  const messages: string[] = [];
  client.on('message', (message: Message) => {
    messages.push(message.messageId);
    void client.complete(message);
  });
  client.onDeviceMethod('echo', (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
    void response.send(200, request.payload);
  });
  const twin = await client.getTwin();
  twin.on('properties.desired', () => undefined);
  return { messages, twin };
}
