/** The provisioning SDKs: of devices over each transport, and of services. */
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as DeviceSdk from 'azure-iot-provisioning-device';
import type * as AmqpSdk from 'azure-iot-provisioning-device-amqp';
import type * as HttpSdk from 'azure-iot-provisioning-device-http';
import type * as MqttSdk from 'azure-iot-provisioning-device-mqtt';
import type * as ServiceSdk from 'azure-iot-provisioning-service';
import type * as KeySdk from 'azure-iot-security-symmetric-key';
import type * as CertificateSdk from 'azure-iot-security-x509';
import type { DeviceCertificate } from './certificates.ts';
import type { SdkHub } from './sdk-hub.ts';
import type { SoftwareTpm } from './software-tpm.ts';
import type { Transport } from './sdk-test.ts';

const load = createRequire(import.meta.url);
const { ProvisioningDeviceClient } = load('azure-iot-provisioning-device') as typeof DeviceSdk;
const { Amqp, AmqpWs } = load('azure-iot-provisioning-device-amqp') as typeof AmqpSdk;
const { Http } = load('azure-iot-provisioning-device-http') as typeof HttpSdk;
const { Mqtt, MqttWs } = load('azure-iot-provisioning-device-mqtt') as typeof MqttSdk;
const { ProvisioningServiceClient } = load('azure-iot-provisioning-service') as typeof ServiceSdk;
const { SymmetricKeySecurityClient } = load('azure-iot-security-symmetric-key') as typeof KeySdk;
const { X509Security } = load('azure-iot-security-x509') as typeof CertificateSdk;

const transports = { MQTT: Mqtt, 'MQTT-WS': MqttWs, AMQP: Amqp, 'AMQP-WS': AmqpWs, HTTPS: Http } as const;

export type Proof = { readonly key: string } | { readonly certificate: DeviceCertificate };

export interface RegistrationResult {
  readonly assignedHub: string;
  readonly deviceId: string;
  readonly status: string;
  readonly substatus: string;
  readonly payload?: unknown;
}

/** Registers as a device does, and answers where it belongs. Rejects with the SDK's error. */
export function registerDevice(
  hub: SdkHub,
  transport: Transport,
  registrationId: string,
  proof: Proof,
  payload?: unknown,
): Promise<RegistrationResult> {
  const security =
    'key' in proof
      ? new SymmetricKeySecurityClient(registrationId, proof.key)
      : new X509Security(registrationId, proof.certificate);
  const client = ProvisioningDeviceClient.create(
    hub.hostName,
    hub.info.dps.idScope,
    new transports[transport](),
    security as never,
  );
  if (payload !== undefined) client.setProvisioningPayload(payload as never);
  return new Promise((resolve, reject) => {
    void client.register((error, result) => {
      if (error) reject(error);
      else resolve(result as unknown as RegistrationResult);
    });
  });
}

/** Registers by a TPM, which only HTTPS can here. */
export async function registerTpm(hub: SdkHub, tpm: SoftwareTpm): Promise<RegistrationResult> {
  const { hostName, info } = hub;
  const client = ProvisioningDeviceClient.create(hostName, info.dps.idScope, new Http(), tpm as never);
  const { registrationState } = (await client.register()) as unknown as { registrationState: RegistrationResult };
  return registrationState;
}

export function serviceClient(hub: SdkHub): ServiceSdk.ProvisioningServiceClient {
  return ProvisioningServiceClient.fromConnectionString(hub.info.dps.connectionString);
}

/** As the documentation says devices of a group derive their keys. */
export function keyOfGroup(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}
