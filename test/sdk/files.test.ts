import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type * as BlobSdk from '@azure/storage-blob';
import type { Client } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backEnd, nextEvent } from './amqp-support.ts';
import { makeCertificate } from './certificates.ts';
import { allTransports, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const { BlockBlobClient } = createRequire(import.meta.url)('@azure/storage-blob') as typeof BlobSdk;

type UploadParams = Awaited<ReturnType<Client['getBlobSharedAccessSignature']>>;

type Notification = { getData(): Buffer };
type Receiver = Parameters<typeof nextEvent<Notification>>[0];

const megabyte = 1024 * 1024;

describe('uploads of a device', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  for (const transport of allTransports) {
    sdkTest({ capability: 'file upload', transport, authentication: 'key' }, 'in each way of the SDKs', async () => {
      const client = await deviceClient(transport, await hub.createDevice(`files-${transport}`));
      await client.open();
      const grant = await client.getBlobSharedAccessSignature('folder/small.txt');
      expect(grant.blobName).toBe(`files-${transport}/folder/small.txt`);
      const blob = blobClient(grant);
      const stored = await blob.upload('hello', 5, { blobHTTPHeaders: { blobContentType: 'text/plain' } });
      expect(stored.etag).toMatch(/^"0x/);
      expect((await blob.downloadToBuffer()).toString()).toBe('hello');
      expect((await blob.getProperties()).contentType).toBe('text/plain');
      await client.notifyBlobUploadStatus(grant.correlationId, true, 201, 'done');
      await expect(client.notifyBlobUploadStatus(grant.correlationId, true, 201, 'again')).rejects.toThrow();

      const body = randomBytes(9 * megabyte);
      const large = await client.getBlobSharedAccessSignature('large.bin');
      await blobClient(large).uploadData(body, {
        blockSize: 2 * megabyte,
        concurrency: 4,
        maxSingleShotSize: megabyte,
      });
      expect((await blobClient(large).downloadToBuffer()).equals(body)).toBe(true);
      await client.notifyBlobUploadStatus(large.correlationId, false, 500, 'changed my mind');

      await client.uploadToBlob('stream.bin', Readable.from(chunksOf(body)), body.length);
      await client.close();
    });
  }

  for (const transport of allTransports) {
    sdkTest({ capability: 'file upload', transport, authentication: 'thumbprint' }, 'a stream', async () => {
      const deviceId = `files-x509-${transport}`;
      const certificate = await makeCertificate(deviceId);
      const connectionString = await hub.createThumbprintDevice(deviceId, certificate);
      const client = await deviceClient(transport, connectionString, certificate);
      await client.open();
      const body = randomBytes(megabyte);
      await client.uploadToBlob('stream.bin', Readable.from(chunksOf(body)), body.length);
      await client.close();
    });
  }

  for (const transport of ['AMQP', 'AMQP-WS'] as const) {
    const proof = { capability: 'file upload: notices', transport, authentication: 'policy' } as const;
    sdkTest(proof, 'the service SDK hears of an upload', async () => {
      const deviceId = `files-notified-${transport}`;
      const device = await deviceClient('HTTPS', await hub.createDevice(deviceId));
      const service = backEnd(hub, transport);
      await service.open();
      // Its promise resolves to an object with the receiver in it.
      const { result: receiver } = (await service.getFileNotificationReceiver()) as unknown as { result: Receiver };
      const heard = nextEvent<Notification>(receiver, 'message', (message) =>
        textOf(message).includes(`"${deviceId}"`),
      );
      await device.uploadToBlob('notes/a.txt', Readable.from([Buffer.from('hello')]), 5);
      const notice = JSON.parse(textOf(await heard)) as Record<string, unknown>;
      expect(notice).toMatchObject({
        deviceId,
        blobName: `${deviceId}/notes/a.txt`,
        blobUri: `https://${hub.hostName}/blobs/uploads/${deviceId}/notes/a.txt`,
        blobSizeInBytes: 5,
      });
      await service.close();
    });
  }

  sdkTest(
    { capability: 'file upload', transport: 'HTTPS', authentication: 'key' },
    'the eleventh at once is refused, and so is a blob of another device',
    async () => {
      const client = await deviceClient('HTTPS', await hub.createDevice('files-many'));
      const grants = [];
      for (let index = 0; index < 10; index++) grants.push(await client.getBlobSharedAccessSignature(`${index}`));
      await expect(client.getBlobSharedAccessSignature('10')).rejects.toThrow();
      const foreign = { ...grants[0]!, blobName: 'files-other/0' };
      await expect(blobClient(foreign).upload('x', 1)).rejects.toMatchObject({ statusCode: 403 });
      await client.notifyBlobUploadStatus(grants[0]!.correlationId, false, 0, 'given up');
      await client.getBlobSharedAccessSignature('10');
    },
  );
});

function blobClient({ hostName, containerName, blobName, sasToken }: UploadParams): BlobSdk.BlockBlobClient {
  return new BlockBlobClient(`https://${hostName}/${containerName}/${blobName}${sasToken}`);
}

function textOf(message: Notification): string {
  return message.getData().toString();
}

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += 100_000) yield body.subarray(at, at + 100_000);
}
