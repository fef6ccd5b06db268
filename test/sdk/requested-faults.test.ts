/** Faults a device asks for in a message, as the SDKs' own test suites do: noticed without retries, survived with them. */
import type { Client, Twin } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nextEvent } from './amqp-support.ts';
import { commonSdk, deviceClient } from './device-clients.ts';
import { storedTelemetry } from './identities-rest.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest, type Transport } from './sdk-test.ts';

const cases: readonly (readonly [Transport, string])[] = [
  ['AMQP', 'KillTcp'],
  ['AMQP', 'KillAmqpConnection'],
  ['AMQP', 'KillAmqpSession'],
  ['AMQP', 'KillAmqpCBSLinkReq'],
  ['AMQP', 'KillAmqpCBSLinkResp'],
  ['AMQP', 'KillAmqpD2CLink'],
  ['AMQP', 'KillAmqpTwinLinkReq'],
  ['AMQP', 'KillAmqpTwinLinkResp'],
  ['AMQP', 'ShutDownAmqp'],
  ['AMQP-WS', 'KillTcp'],
  ['AMQP-WS', 'KillAmqpTwinLinkReq'],
  ['MQTT', 'KillTcp'],
  ['MQTT', 'ShutDownMqtt'],
  ['MQTT-WS', 'KillTcp'],
];

describe('a fault that a device asks for', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  async function connect(transport: Transport, deviceId: string): Promise<{ client: Client; twin: Twin }> {
    const client = await deviceClient(transport, await hub.createDevice(deviceId));
    await client.open();
    return { client, twin: await client.getTwin() };
  }

  for (const [transport, operation] of cases) {
    const deviceId = `fault-${transport}-${operation}`;
    const proof = { capability: 'faults a device asks for', transport, authentication: 'key' } as const;

    sdkTest(proof, `${operation} without retries is noticed`, async () => {
      const { client, twin } = await connect(transport, `${deviceId}-seen`);
      twin.on('properties.desired', () => undefined);
      const disconnected = nextEvent(client, 'disconnect', () => true);
      void client.sendEvent(faultMessage(operation)).catch(() => undefined);
      await disconnected;
      await client.close().catch(() => undefined);
    });

    sdkTest(proof, `${operation} with retries is survived`, async () => {
      const { client, twin } = await connect(transport, `${deviceId}-survived`);
      client.setRetryPolicy(new commonSdk.ExponentialBackOffWithJitter(true));
      const told = nextEvent<{ after?: number }>(twin, 'properties.desired', ({ after }) => after === 1);
      void client.sendEvent(faultMessage(operation)).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await client.sendEvent(new commonSdk.Message('after'));
      await hub.registry.updateTwin(`${deviceId}-survived`, { properties: { desired: { after: 1 } } }, '*');
      await told;
      const bodies = (await storedTelemetry(hub))
        .filter((message) => message.deviceId === `${deviceId}-survived`)
        .map(({ body }) => Buffer.from(body).toString());
      expect(bodies).toEqual(['after']);
      await client.close();
    });
  }

  for (const [operation, error] of [
    ['InvokeThrottling', 'ThrottlingError'],
    ['InvokeMaxMessageQuota', 'IotHubQuotaExceededError'],
    ['InvokeAuthError', 'UnauthorizedError'],
  ] as const) {
    const proof = { capability: 'faults a device asks for', transport: 'AMQP', authentication: 'key' } as const;
    sdkTest(proof, `${operation} refuses messages for as long as asked`, async () => {
      const { client } = await connect('AMQP', `fault-${operation}`);
      await client.sendEvent(faultMessage(operation, 1));
      await expect(client.sendEvent(new commonSdk.Message('too early'))).rejects.toMatchObject({ name: error });
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await client.sendEvent(new commonSdk.Message('later'));
      await client.close();
    });
  }
});

function faultMessage(operation: string, durationSeconds = 20): InstanceType<typeof commonSdk.Message> {
  const message = new commonSdk.Message(' ');
  message.properties.add('AzIoTHub_FaultOperationType', operation);
  message.properties.add('AzIoTHub_FaultOperationCloseReason', ' breaks the connection ');
  message.properties.add('AzIoTHub_FaultOperationDelayInSecs', '0');
  message.properties.add('AzIoTHub_FaultOperationDurationInSecs', String(durationSeconds));
  return message;
}
