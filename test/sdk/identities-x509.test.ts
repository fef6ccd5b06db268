import { afterAll, beforeAll, describe, expect } from 'vitest';
import { makeCertificate, type DeviceCertificate } from './certificates.ts';
import { allTransports, commonSdk, deviceClient } from './device-clients.ts';
import { storedTelemetry, trustAuthority } from './identities-rest.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

describe('a device with a certificate and the official SDK', () => {
  let hub: SdkHub;
  let authority: DeviceCertificate;
  let intermediate: DeviceCertificate;
  beforeAll(async () => {
    hub = await openSdkHub();
    authority = await makeCertificate('factory', { authority: true });
    intermediate = await makeCertificate('factory line 1', { authority: true, issuer: authority });
    await trustAuthority(hub, 'factory', authority);
  });
  afterAll(() => hub?.close());

  for (const transport of allTransports) {
    async function send(deviceId: string, connectionString: string, certificate: DeviceCertificate): Promise<void> {
      const client = await deviceClient(transport, connectionString, certificate);
      await client.open();
      await client.sendEvent(new commonSdk.Message('hello'));
      await client.close();
      expect((await storedTelemetry(hub)).some((message) => message.deviceId === deviceId)).toBe(true);
    }

    const thumbprint = { transport, authentication: 'thumbprint' } as const;
    const byAuthority = { transport, authentication: 'authority' } as const;

    sdkTest({ capability: 'connection: X.509', ...thumbprint }, 'the registered certificate is let in', async () => {
      const deviceId = `thumb-${transport}`;
      const certificate = await makeCertificate(deviceId);
      await send(deviceId, await hub.createThumbprintDevice(deviceId, certificate), certificate);
    });

    sdkTest({ capability: 'connection: X.509', ...thumbprint }, 'another certificate is refused', async () => {
      const deviceId = `thumb-wrong-${transport}`;
      const connectionString = await hub.createThumbprintDevice(deviceId, await makeCertificate(deviceId));
      await expect(send(deviceId, connectionString, await makeCertificate(deviceId))).rejects.toBeInstanceOf(Error);
    });

    sdkTest(
      { capability: 'connection: X.509', ...byAuthority },
      'a certificate of a verified CA is let in',
      async () => {
        const deviceId = `ca-${transport}`;
        const leaf = await makeCertificate(deviceId, { issuer: intermediate });
        const withChain = { ...leaf, cert: `${leaf.cert}\n${intermediate.cert}` };
        await send(deviceId, await hub.createAuthorityDevice(deviceId), withChain);
      },
    );

    sdkTest(
      { capability: 'connection: X.509', ...byAuthority },
      'a certificate made out to another device is refused',
      async () => {
        const deviceId = `ca-other-${transport}`;
        const leaf = await makeCertificate('somebody-else', { issuer: authority });
        const connectionString = await hub.createAuthorityDevice(deviceId);
        await expect(send(deviceId, connectionString, leaf)).rejects.toBeInstanceOf(Error);
      },
    );
  }
});
