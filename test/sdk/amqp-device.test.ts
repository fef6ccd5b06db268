import { once } from 'node:events';
import type { Client, DeviceMethodRequest, DeviceMethodResponse, Twin } from 'azure-iot-device';
import type { Message } from 'azure-iot-common';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backEnd, nextEvent } from './amqp-support.ts';
import { commonSdk, deviceClient, deviceSdk, transports } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const overAmqp = ['AMQP', 'AMQP-WS'] as const;

describe('a device over AMQP with the official SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  const connect = async (transport: (typeof overAmqp)[number], deviceId: string): Promise<Client> => {
    const client = await deviceClient(transport, await hub.createDevice(deviceId));
    await client.open();
    return client;
  };

  for (const transport of overAmqp) {
    sdkTest({ capability: 'twin', transport, authentication: 'key' }, 'read, report, be told', async () => {
      const client = await connect(transport, `twin-${transport}`);
      const twin: Twin = await client.getTwin();
      expect(twin.properties.desired.$version).toBe(1);
      const desired = nextEvent<{ interval: number; $version: number }>(
        twin,
        'properties.desired',
        ({ interval }) => interval === 5,
      );
      await new Promise<void>((resolve, reject) => {
        twin.properties.reported.update({ firmware: '1.2.3' }, (error: Error | undefined) =>
          error ? reject(error) : resolve(),
        );
      });
      await hub.registry.updateTwin(`twin-${transport}`, { properties: { desired: { interval: 5 } } }, '*');
      expect(await desired).toMatchObject({ interval: 5, $version: 2 });
      const { responseBody } = await hub.registry.getTwin(`twin-${transport}`);
      expect(responseBody.properties.reported).toMatchObject({ firmware: '1.2.3', $version: 2 });
      await client.close();
    });

    sdkTest({ capability: 'methods', transport, authentication: 'key' }, 'a call and its answer', async () => {
      const client = await connect(transport, `methods-${transport}`);
      client.onDeviceMethod('reboot', (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
        void response.send(201, { heard: request.payload });
      });
      const result = await backEnd(hub).invokeDeviceMethod(`methods-${transport}`, {
        methodName: 'reboot',
        payload: { delay: 3 },
        connectTimeoutInSeconds: 5,
        responseTimeoutInSeconds: 5,
      });
      expect(result.result).toEqual({ status: 201, payload: { heard: { delay: 3 } } });
      await client.close();
    });

    sdkTest({ capability: 'C2D', transport, authentication: 'key' }, 'complete, abandon, reject', async () => {
      const deviceId = `c2d-${transport}`;
      const client = await connect(transport, deviceId);
      const service = backEnd(hub);
      await service.open();
      for (const id of ['keep', 'refuse']) await service.send(deviceId, cloudMessage(id));
      const seen: Message[] = [];
      const settled: Promise<unknown>[] = [];
      client.on('message', (message: Message) => {
        seen.push(message);
        const again = seen.filter(({ messageId }) => messageId === message.messageId).length > 1;
        if (message.messageId === 'refuse') settled.push(client.reject(message));
        else settled.push(again ? client.complete(message) : client.abandon(message));
      });
      await expect.poll(() => seen.map(({ messageId }) => messageId).toSorted()).toEqual(['keep', 'keep', 'refuse']);
      await Promise.all(settled);
      expect(String(seen[0]?.data)).toBe('{"id":"keep"}');
      expect(seen[0]?.properties.getValue('color')).toBe('blue');
      expect(seen[0]?.to).toBe(`/devices/${deviceId}/messages/devicebound`);
      await service.close();
      await client.close();
      const twin = (await hub.registry.getTwin(deviceId)).responseBody;
      expect((twin as { cloudToDeviceMessageCount?: number }).cloudToDeviceMessageCount).toBe(0);
    });

    sdkTest({ capability: 'token renewal', transport, authentication: 'token' }, 'the connection stays', async () => {
      const deviceId = `renewal-${transport}`;
      const connectionString = await hub.createDevice(deviceId);
      const first = deviceToken(connectionString, hub.hostName, 600);
      const client = deviceSdk.Client.fromSharedAccessSignature(first, transports[transport]);
      let disconnects = 0;
      client.on('disconnect', () => disconnects++);
      await client.open();
      await client.sendEvent(new commonSdk.Message('with the first token'));
      await new Promise<void>((resolve, reject) => {
        const renewed = deviceToken(connectionString, hub.hostName, 1_200);
        client.updateSharedAccessSignature(renewed, (error) => (error === null ? resolve() : reject(error)));
      });
      await client.sendEvent(new commonSdk.Message('with the second token'));
      expect(disconnects).toBe(0);
      await client.close();
    });

    sdkTest({ capability: 'refusal', transport, authentication: 'key' }, 'a wrong key is told apart', async () => {
      await hub.createDevice(`refused-${transport}`);
      const key = Buffer.alloc(32, 7).toString('base64');
      const client = await deviceClient(
        transport,
        `HostName=${hub.hostName};DeviceId=refused-${transport};SharedAccessKey=${key}`,
      );
      await expect(client.open()).rejects.toThrow(commonSdk.errors.UnauthorizedError);
    });

    sdkTest({ capability: 'disable', transport, authentication: 'key' }, 'cuts the connection', async () => {
      const deviceId = `disabled-${transport}`;
      const client = await connect(transport, deviceId);
      await client.getTwin();
      const disconnected = once(client, 'disconnect');
      await hub.registry.update({ deviceId, status: 'disabled' });
      await disconnected;
      await expect(
        deviceClient(transport, await connectionStringOf(hub, deviceId)).then((again) =>
          again.open().then(() => again.getTwin()),
        ),
      ).rejects.toThrow();
    });

    sdkTest({ capability: 'reconnect', transport, authentication: 'key' }, 'after a restart of the hub', async () => {
      const client = await connect(transport, `restart-${transport}`);
      client.setRetryPolicy(new commonSdk.ExponentialBackOffWithJitter(true));
      await client.sendEvent(new commonSdk.Message('before'));
      await hub.restart();
      await client.sendEvent(new commonSdk.Message('after'));
      await client.close();
    });

    sdkTest({ capability: 'takeover', transport, authentication: 'key' }, 'from MQTT and back', async () => {
      const connectionString = await hub.createDevice(`takeover-${transport}`);
      const first = await deviceClient('MQTT', connectionString);
      await first.open();
      const displaced = once(first, 'disconnect');
      const second = await deviceClient(transport, connectionString);
      await second.open();
      await second.sendEvent(new commonSdk.Message('mine now'));
      await displaced;
      await second.close();
    });
  }
});

/** A device's own token that holds for so many seconds. */
function deviceToken(connectionString: string, host: string, seconds: number): string {
  const { DeviceId, SharedAccessKey } = commonSdk.ConnectionString.parse(connectionString);
  const expiry = Math.floor(Date.now() / 1_000) + seconds;
  return commonSdk.SharedAccessSignature.create(
    `${host}/devices/${DeviceId}`,
    undefined as unknown as string,
    SharedAccessKey ?? '',
    expiry,
  ).toString();
}

async function connectionStringOf(hub: SdkHub, deviceId: string): Promise<string> {
  const { authentication } = (await hub.registry.get(deviceId)).responseBody;
  return `HostName=${hub.hostName};DeviceId=${deviceId};SharedAccessKey=${authentication?.symmetricKey?.primaryKey}`;
}

function cloudMessage(messageId: string): Message {
  const message = new commonSdk.Message(`{"id":"${messageId}"}`);
  message.messageId = messageId;
  message.ack = 'full';
  message.properties.add('color', 'blue');
  return message;
}
