import { Readable } from 'node:stream';
import type { Message } from 'azure-iot-common';
import type { Client } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backEnd } from './amqp-support.ts';
import { commonSdk, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

describe('a back end over AMQP with the official SDK', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  for (const transport of ['AMQP', 'AMQP-WS'] as const) {
    sdkTest({ capability: 'C2D: send', transport, authentication: 'policy' }, 'errors of the queue', async () => {
      const client = backEnd(hub, transport);
      await client.open();
      await expect(client.send('nobody-there', 'x')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
      const deviceId = `full-${transport}`;
      await hub.createDevice(deviceId);
      for (let index = 0; index < 50; index++) await client.send(deviceId, String(index));
      await expect(client.send(deviceId, 'one too many')).rejects.toMatchObject({
        name: 'DeviceMaximumQueueDepthExceededError',
      });
      await client.close();
    });

    sdkTest(
      { capability: 'C2D: feedback', transport, authentication: 'policy' },
      'of a message the device took',
      async () => {
        const deviceId = `feedback-${transport}`;
        const device = await deviceClient('AMQP', await hub.createDevice(deviceId));
        await device.open();
        device.on('message', (message: Message) => void device.complete(message));
        const client = backEnd(hub, transport);
        await client.open();
        const receiver = await receiverOf(client, 'getFeedbackReceiver');
        const records: { originalMessageId: string; statusCode: string; deviceId: string }[] = [];
        receiver.on('message', (message: Message) => {
          records.push(...(JSON.parse(String(message.data)) as typeof records));
        });
        const message = new commonSdk.Message('please');
        message.messageId = `id-${transport}`;
        message.ack = 'full';
        await client.send(deviceId, message);
        await expect
          .poll(() => records.find(({ originalMessageId }) => originalMessageId === `id-${transport}`), {
            timeout: 20_000,
          })
          .toMatchObject({ statusCode: 'Success', deviceId });
        await client.close();
        await device.close();
      },
      { timeout: 30_000 },
    );

    sdkTest(
      { capability: 'file upload: notices', transport, authentication: 'policy' },
      'of a finished upload',
      async () => {
        const deviceId = `upload-${transport}`;
        const device = await deviceClient('HTTPS', await hub.createDevice(deviceId));
        const client = backEnd(hub, transport);
        await client.open();
        const receiver = await receiverOf(client, 'getFileNotificationReceiver');
        const notices: { deviceId: string; blobName: string }[] = [];
        receiver.on('message', (message: Message) => {
          notices.push(JSON.parse(String(message.data)) as (typeof notices)[number]);
        });
        const body = Buffer.from('content');
        await device.uploadToBlob('report.txt', Readable.from([body]), body.length);
        await expect
          .poll(() => notices.find((notice) => notice.deviceId === deviceId))
          .toMatchObject({ blobName: `${deviceId}/report.txt` });
        await client.close();
      },
    );

    sdkTest(
      { capability: 'C2D: refusal of a back end', transport, authentication: 'policy' },
      'a wrong key',
      async () => {
        const key = Buffer.alloc(32, 7).toString('base64');
        const wrong = `HostName=${hub.hostName};SharedAccessKeyName=service;SharedAccessKey=${key}`;
        const client = backEnd(hub, transport, wrong);
        await expect(client.open()).rejects.toMatchObject({ amqpError: { name: 'UnauthorizedError' } });
      },
    );
  }
});

/** The promise form of these resolves to a pair in some versions, the receiver in others. */
function receiverOf(
  client: Client,
  open: 'getFeedbackReceiver' | 'getFileNotificationReceiver',
): Promise<Client.ServiceReceiver> {
  return new Promise((resolve, reject) => {
    client[open]((error, receiver) =>
      receiver === undefined ? reject(error ?? new Error('no receiver')) : resolve(receiver),
    );
  });
}
