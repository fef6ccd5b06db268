/** The device SDK over each of its transports. */
import { createRequire } from 'node:module';
import type * as CommonSdk from 'azure-iot-common';
import type * as DeviceSdk from 'azure-iot-device';
import type * as AmqpSdk from 'azure-iot-device-amqp';
import type * as HttpSdk from 'azure-iot-device-http';
import type * as MqttSdk from 'azure-iot-device-mqtt';
import type { DeviceCertificate } from './certificates.ts';
import type { Transport } from './sdk-test.ts';

const load = createRequire(import.meta.url);
export const commonSdk = load('azure-iot-common') as typeof CommonSdk;
export const deviceSdk = load('azure-iot-device') as typeof DeviceSdk;
const { Mqtt, MqttWs } = load('azure-iot-device-mqtt') as typeof MqttSdk;
const { Amqp, AmqpWs } = load('azure-iot-device-amqp') as typeof AmqpSdk;
const { Http } = load('azure-iot-device-http') as typeof HttpSdk;

export const transports = {
  MQTT: Mqtt,
  'MQTT-WS': MqttWs,
  AMQP: Amqp,
  'AMQP-WS': AmqpWs,
  HTTPS: Http,
} as const satisfies Record<Transport, unknown>;

/** Every transport that keeps a connection. */
export const connectedTransports = ['MQTT', 'MQTT-WS', 'AMQP', 'AMQP-WS'] as const;
export const allTransports = [...connectedTransports, 'HTTPS'] as const;

/** A device client, not connected yet: `await client.open()`. */
export async function deviceClient(
  transport: Transport,
  connectionString: string,
  certificate?: DeviceCertificate,
): Promise<DeviceSdk.Client> {
  const client = deviceSdk.Client.fromConnectionString(connectionString, transports[transport]);
  client.on('error', () => undefined);
  client.setRetryPolicy(new commonSdk.NoRetry());
  if (certificate !== undefined) {
    const set = client.setOptions({ cert: certificate.cert, key: certificate.key });
    // Over HTTPS the certificate is taken at once, and the SDK never says so.
    if (transport !== 'HTTPS') await set;
  }
  return client;
}

/** A module client; HTTPS has none. */
export function moduleClient(transport: Exclude<Transport, 'HTTPS'>, connectionString: string): DeviceSdk.ModuleClient {
  const client = deviceSdk.ModuleClient.fromConnectionString(connectionString, transports[transport]);
  client.on('error', () => undefined);
  return client;
}

/** A device client that was given a signature instead of the key. */
export function tokenClient(transport: Transport, connectionString: string): DeviceSdk.Client {
  const { HostName = '', DeviceId = '', SharedAccessKey = '' } = deviceSdk.ConnectionString.parse(connectionString);
  const inAnHour = Math.ceil(Date.now() / 1_000) + 3_600;
  const token = deviceSdk.SharedAccessSignature.create(HostName, DeviceId, SharedAccessKey, inAnHour).toString();
  const client = deviceSdk.Client.fromSharedAccessSignature(token, transports[transport]);
  client.on('error', () => undefined);
  client.setRetryPolicy(new commonSdk.NoRetry());
  return client;
}
