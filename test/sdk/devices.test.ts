/** What a device does every day, over each transport and with each kind of credential. */
import type { Client, DeviceMethodRequest, DeviceMethodResponse, Twin } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backEnd, nextEvent } from './amqp-support.ts';
import { makeCertificate, type DeviceCertificate } from './certificates.ts';
import { allTransports, commonSdk, connectedTransports, deviceClient, tokenClient } from './device-clients.ts';
import { storedTelemetry, trustAuthority } from './identities-rest.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest, type Transport } from './sdk-test.ts';

const credentials = ['key', 'token', 'thumbprint', 'authority'] as const;
type Credential = (typeof credentials)[number];

describe('a device with the official SDK', () => {
  let hub: SdkHub;
  let authority: DeviceCertificate;
  beforeAll(async () => {
    hub = await openSdkHub();
    authority = await makeCertificate('factory', { authority: true });
    await trustAuthority(hub, 'factory', authority);
  });
  afterAll(() => hub?.close());

  async function clientOf(transport: Transport, credential: Credential, deviceId: string): Promise<Client> {
    if (credential === 'key') return deviceClient(transport, await hub.createDevice(deviceId));
    if (credential === 'token') return tokenClient(transport, await hub.createDevice(deviceId));
    if (credential === 'authority') {
      const certificate = await makeCertificate(deviceId, { issuer: authority });
      return deviceClient(transport, await hub.createAuthorityDevice(deviceId), certificate);
    }
    const certificate = await makeCertificate(deviceId);
    return deviceClient(transport, await hub.createThumbprintDevice(deviceId, certificate), certificate);
  }

  async function withDevice(
    transport: Transport,
    credential: Credential,
    use: (client: Client, deviceId: string) => Promise<void>,
  ): Promise<void> {
    const deviceId = `${expect
      .getState()
      .currentTestName?.split(' > ')[1]
      ?.replaceAll(/[^\w]+/g, '-')}`.slice(0, 100);
    const client = await clientOf(transport, credential, deviceId);
    await client.open();
    await use(client, deviceId);
    await client.close();
  }

  for (const authentication of credentials) {
    for (const transport of allTransports) {
      sdkTest({ capability: 'telemetry', transport, authentication }, 'a message and its properties', () =>
        withDevice(transport, authentication, async (client, deviceId) => {
          const message = new commonSdk.Message(JSON.stringify({ temperature: 21 }));
          message.messageId = 'reading-1';
          message.correlationId = 'trip-7';
          message.contentType = 'application/json';
          message.contentEncoding = 'utf-8';
          message.properties.add('site', 'north pole & 50 % more');
          await client.sendEvent(message);
          const stored = (await storedTelemetry(hub)).find((each) => each.deviceId === deviceId);
          expect(stored?.properties).toEqual({ site: 'north pole & 50 % more' });
          expect(stored?.system).toMatchObject({
            'message-id': 'reading-1',
            'correlation-id': 'trip-7',
            'content-type': 'application/json',
            'content-encoding': 'utf-8',
          });
          expect(Buffer.from(stored?.body ?? []).toString()).toBe('{"temperature":21}');
        }),
      );
    }

    for (const transport of connectedTransports) {
      sdkTest({ capability: 'twin', transport, authentication }, 'read, report, be told', () =>
        withDevice(transport, authentication, async (client, deviceId) => {
          const twin: Twin = await client.getTwin();
          const told = nextEvent<{ interval?: number }>(twin, 'properties.desired', ({ interval }) => interval === 5);
          await new Promise<void>((resolve, reject) => {
            twin.properties.reported.update({ firmware: '1.2.3' }, (error: Error | undefined) =>
              error ? reject(error) : resolve(),
            );
          });
          await hub.registry.updateTwin(deviceId, { properties: { desired: { interval: 5 } } }, '*');
          expect(await told).toMatchObject({ interval: 5 });
          const { responseBody } = await hub.registry.getTwin(deviceId);
          expect(responseBody.properties.reported).toMatchObject({ firmware: '1.2.3' });
        }),
      );

      sdkTest({ capability: 'methods', transport, authentication }, 'a call and its answer', () =>
        withDevice(transport, authentication, async (client, deviceId) => {
          client.onDeviceMethod('reboot', (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
            void response.send(201, { heard: request.payload });
          });
          const { result } = await backEnd(hub).invokeDeviceMethod(deviceId, {
            methodName: 'reboot',
            payload: { delay: 3 },
            connectTimeoutInSeconds: 5,
            responseTimeoutInSeconds: 5,
          });
          expect(result).toEqual({ status: 201, payload: { heard: { delay: 3 } } });
        }),
      );
    }
  }
});
