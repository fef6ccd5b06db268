import { once } from 'node:events';
import type { Client } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
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
    sdkTest(
      { capability: 'connection: token renewal', transport, authentication: 'token' },
      'the connection stays',
      async () => {
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
      },
    );

    sdkTest(
      { capability: 'connection: refusal', transport, authentication: 'key' },
      'a wrong key is told apart',
      async () => {
        await hub.createDevice(`refused-${transport}`);
        const key = Buffer.alloc(32, 7).toString('base64');
        const client = await deviceClient(
          transport,
          `HostName=${hub.hostName};DeviceId=refused-${transport};SharedAccessKey=${key}`,
        );
        await expect(client.open()).rejects.toThrow(commonSdk.errors.UnauthorizedError);
      },
    );

    sdkTest(
      { capability: 'connection: cut off', transport, authentication: 'key' },
      'cuts the connection',
      async () => {
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
      },
    );

    sdkTest(
      { capability: 'connection: reconnect', transport, authentication: 'key' },
      'after a restart of the hub',
      async () => {
        const client = await connect(transport, `restart-${transport}`);
        client.setRetryPolicy(new commonSdk.ExponentialBackOffWithJitter(true));
        await client.sendEvent(new commonSdk.Message('before'));
        await hub.restart();
        await client.sendEvent(new commonSdk.Message('after'));
        await client.close();
      },
    );

    for (const other of ['MQTT', 'MQTT-WS'] as const) {
      sdkTest(
        { capability: 'connection: takeover', transport, authentication: 'key' },
        `from ${other}, and by it`,
        async () => {
          const connectionString = await hub.createDevice(`takeover-${transport}-${other}`);
          const first = await deviceClient(other, connectionString);
          await first.open();
          const firstGone = once(first, 'disconnect');
          const second = await deviceClient(transport, connectionString);
          await second.open();
          await second.getTwin();
          await firstGone;
          const secondGone = once(second, 'disconnect');
          const third = await deviceClient(other, connectionString);
          await third.open();
          await secondGone;
          await third.sendEvent(new commonSdk.Message('mine now'));
          await third.close();
        },
      );
    }
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
