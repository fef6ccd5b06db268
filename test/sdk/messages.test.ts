/** Messages from a back end to devices: sent, received, settled, told about, purged, expired, and kept over a restart. */
import type { Message } from 'azure-iot-common';
import type { Client } from 'azure-iot-device';
import type { Client as BackEnd } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { backEnd } from './amqp-support.ts';
import { makeCertificate, type DeviceCertificate } from './certificates.ts';
import { allTransports, commonSdk, connectedTransports, deviceClient, moduleClient } from './device-clients.ts';
import { trustAuthority } from './identities-rest.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest, type Authentication, type Transport } from './sdk-test.ts';

const feedbackTime = { timeout: 40_000 };

describe('messages to devices with the official SDKs', () => {
  let hub: SdkHub;
  let service: BackEnd;
  let authority: DeviceCertificate;
  /** What the feedback receiver heard, by message id. */
  const heard = new Map<string, string>();

  beforeAll(async () => {
    hub = await openSdkHub();
    authority = await makeCertificate('message factory', { authority: true });
    await trustAuthority(hub, 'factory', authority);
    service = backEnd(hub);
    await service.open();
    service.getFeedbackReceiver((error, receiver) => {
      if (error) throw error;
      receiver?.on('message', (message: Message) => {
        const records = JSON.parse(textOf(message)) as { originalMessageId: string; statusCode: string }[];
        for (const { originalMessageId, statusCode } of records) heard.set(originalMessageId, statusCode);
      });
    });
  });
  afterAll(async () => {
    await service?.close();
    await hub?.close();
  });

  async function connect(transport: Transport, authentication: Authentication, deviceId: string): Promise<Client> {
    if (authentication === 'key') return open(transport, await hub.createDevice(deviceId));
    const byAuthority = authentication === 'authority';
    const certificate = await makeCertificate(deviceId, byAuthority ? { issuer: authority } : {});
    const connectionString = byAuthority
      ? await hub.createAuthorityDevice(deviceId)
      : await hub.createThumbprintDevice(deviceId, certificate);
    return open(transport, connectionString, certificate);
  }

  for (const transport of allTransports) {
    for (const authentication of ['key', 'thumbprint', 'authority'] as const) {
      sdkTest(
        { capability: 'C2D: receive', transport, authentication },
        'everything a message says arrives',
        async () => {
          const deviceId = `all-${transport}-${authentication}`;
          const client = await connect(transport, authentication, deviceId);
          const received = nextMessage(client);
          await service.send(deviceId, fullMessage('all'));
          const message = await received;
          expect(textOf(message)).toBe('body of all');
          expect(message.messageId).toBe('all');
          expect(message.correlationId).toBe('correlation');
          expect(message.to).toBe(`/devices/${deviceId}/messages/devicebound`);
          // The SDK keeps the whole header name over HTTPS.
          expect(message.properties.getValue(transport === 'HTTPS' ? 'iothub-app-site' : 'site')).toBe('north & pole');
          await client.complete(message);
          await expect.poll(() => queued(deviceId)).toBe(0);
          await client.close();
        },
      );
    }
  }

  for (const transport of ['AMQP', 'AMQP-WS', 'HTTPS'] as const) {
    sdkTest(
      { capability: 'C2D: complete, reject, abandon', transport, authentication: 'key' },
      'abandon, then reject',
      async () => {
        const deviceId = `settle-${transport}`;
        const client = await connect(transport, 'key', deviceId);
        const seen: Message[] = [];
        const done = new Promise<void>((resolve, reject) => {
          client.on('message', (message: Message) => {
            seen.push(message);
            if (seen.length === 1) client.abandon(message).catch(reject);
            else client.reject(message).then(() => resolve(), reject);
          });
        });
        await service.send(deviceId, fullMessage('twice'));
        await done;
        expect(seen.map(({ messageId }) => messageId)).toEqual(['twice', 'twice']);
        await expect.poll(() => queued(deviceId)).toBe(0);
        await client.close();
      },
    );
  }

  for (const transport of allTransports) {
    sdkTest(
      { capability: 'C2D: feedback', transport, authentication: 'key' },
      'of what the device took, and of what nobody took',
      async () => {
        const deviceId = `told-${transport}`;
        const client = await connect(transport, 'key', deviceId);
        const received = nextMessage(client);
        await service.send(deviceId, fullMessage(`taken-${transport}`));
        await client.complete(await received);
        await client.close();
        const late = fullMessage(`late-${transport}`);
        late.expiryTimeUtc = Date.now() + 1_000;
        await service.send(deviceId, late);
        await service.send(deviceId, fullMessage(`purged-${transport}`));
        await expect.poll(() => queued(deviceId), { timeout: 5_000 }).toBe(1);
        expect(await purge(deviceId)).toMatchObject({ deviceId, moduleId: null, totalMessagesPurged: 1 });
        await expect
          .poll(() => ['taken', 'late', 'purged'].map((what) => heard.get(`${what}-${transport}`)), feedbackTime)
          .toEqual(['Success', 'Expired', 'Purged']);
      },
      { timeout: 60_000 },
    );
  }

  for (const transport of ['AMQP', 'AMQP-WS'] as const) {
    sdkTest({ capability: 'C2D: takeover', transport, authentication: 'key' }, 'what was not settled', async () => {
      const deviceId = `takeover-${transport}`;
      const connectionString = await hub.createDevice(deviceId);
      const first = await open(transport, connectionString);
      const held = nextMessage(first);
      await service.send(deviceId, fullMessage('held'));
      expect((await held).messageId).toBe('held');
      const second = await open('MQTT', connectionString);
      expect((await nextMessage(second)).messageId).toBe('held');
      await expect.poll(() => queued(deviceId)).toBe(0);
      await second.close();
    });
  }

  for (const transport of connectedTransports) {
    sdkTest(
      { capability: 'C2D: kept while away', transport, authentication: 'key' },
      'in order, once there',
      async () => {
        const deviceId = `offline-${transport}`;
        const connectionString = await hub.createDevice(deviceId);
        for (const id of ['one', 'two', 'three']) await service.send(deviceId, fullMessage(id));
        const client = await open(transport, connectionString);
        const seen: string[] = [];
        client.on('message', (message: Message) => {
          seen.push(message.messageId);
          void client.complete(message);
        });
        await expect.poll(() => seen).toEqual(['one', 'two', 'three']);
        await expect.poll(() => queued(deviceId)).toBe(0);
        await client.close();
      },
    );

    sdkTest({ capability: 'module: inputs', transport, authentication: 'key' }, 'may be listened to', async () => {
      const deviceId = `inputs-${transport}`;
      await hub.createDevice(deviceId);
      const { responseBody } = await hub.registry.addModule({ deviceId, moduleId: 'm1' });
      const key = responseBody.authentication?.symmetricKey?.primaryKey;
      const client = moduleClient(
        transport,
        `HostName=${hub.hostName};DeviceId=${deviceId};ModuleId=m1;SharedAccessKey=${key}`,
      );
      await client.open();
      client.on('inputMessage', () => undefined);
      await client.sendOutputEvent('out1', new commonSdk.Message('on an output'));
      await client.close();
    });
  }

  for (const transport of allTransports) {
    sdkTest(
      { capability: 'C2D: kept over a restart', transport, authentication: 'key' },
      'the hub keeps the queue',
      async () => {
        const own = await openSdkHub();
        try {
          const connectionString = await own.createDevice('kept');
          const sender = backEnd(own);
          await sender.open();
          await sender.send('kept', fullMessage('kept over the restart'));
          await sender.close();
          await own.restart();
          const client = await open(transport, connectionString);
          const message = await nextMessage(client);
          expect(message.messageId).toBe('kept-over-the-restart');
          await client.complete(message);
          await client.close();
        } finally {
          await own.close();
        }
      },
    );
  }

  async function queued(deviceId: string): Promise<number> {
    const { responseBody } = await hub.registry.get(deviceId);
    return (responseBody as unknown as { cloudToDeviceMessageCount: number }).cloudToDeviceMessageCount;
  }

  /** The Node SDK has no call for it. */
  async function purge(deviceId: string): Promise<unknown> {
    const { hostName, sharedAccessKey = '', sharedAccessKeyName } = parseConnectionString(hub.info.connectionString);
    const authorization = createSasToken({
      resource: hostName,
      key: sharedAccessKey,
      keyName: sharedAccessKeyName,
      expiresAt: Date.now() / 1_000 + 60,
    });
    const url = `https://${hub.hostName}/devices/${deviceId}/commands?api-version=2021-04-12`;
    const response = await fetch(url, { method: 'DELETE', headers: { authorization } });
    return response.json();
  }
});

/** The first message. The listener stays, because the SDK closes its link with the last one. */
function nextMessage(client: Client): Promise<Message> {
  return new Promise((resolve) => client.on('message', resolve));
}

function fullMessage(messageId: string): Message {
  const message = new commonSdk.Message(`body of ${messageId}`);
  message.messageId = messageId.replaceAll(' ', '-');
  message.correlationId = 'correlation';
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.ack = 'full';
  message.properties.add('site', 'north & pole');
  return message;
}

async function open(transport: Transport, connectionString: string, certificate?: DeviceCertificate) {
  const client = await deviceClient(transport, connectionString, certificate);
  // Over HTTPS the SDK asks again and again; the shortest pause it takes.
  if (transport === 'HTTPS') void client.setOptions({ http: { receivePolicy: { interval: 1 } } });
  await client.open();
  return client;
}

function textOf(message: Message): string {
  return Buffer.from(message.getData() as Uint8Array).toString();
}
