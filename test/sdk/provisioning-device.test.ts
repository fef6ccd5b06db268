import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { makeCertificate, type DeviceCertificate } from './certificates.ts';
import { allTransports, commonSdk, deviceClient } from './device-clients.ts';
import { keyOfGroup, registerDevice, registerTpm, serviceClient, type Proof } from './provisioning-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { SoftwareTpm } from './software-tpm.ts';
import { sdkTest, type Transport } from './sdk-test.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const capability = 'provisioning: registration';

describe('a device that registers with the official SDK', () => {
  let hub: SdkHub;
  let authority: DeviceCertificate;
  const groupKey = newKey();
  beforeAll(async () => {
    hub = await openSdkHub();
    authority = await makeCertificate('Factory', { authority: true });
    const service = serviceClient(hub);
    await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: 'keys',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey, secondaryKey: newKey() } },
    } as never);
    await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: 'certificates',
      attestation: {
        type: 'x509',
        x509: { signingCertificates: { primary: { certificate: authority.cert } } },
      },
    } as never);
  });
  afterAll(() => hub?.close());

  /** The device connects to the hub it was given, by what it registered with. */
  async function sendsTelemetry(transport: Transport, deviceId: string, proof: Proof): Promise<void> {
    const credential = 'key' in proof ? `SharedAccessKey=${proof.key}` : 'x509=true';
    const connectionString = `HostName=${hub.hostName};DeviceId=${deviceId};${credential}`;
    const client = await deviceClient(transport, connectionString, 'key' in proof ? undefined : proof.certificate);
    await client.open();
    expect(await client.sendEvent(new commonSdk.Message('{}'))).toBeDefined();
    await client.close();
  }

  for (const transport of allTransports) {
    const id = `device-${transport.toLowerCase()}`;

    sdkTest({ capability, transport, authentication: 'key' }, 'its own enrollment', async () => {
      const key = newKey();
      const registrationId = `${id}-own`;
      await serviceClient(hub).createOrUpdateIndividualEnrollment({
        registrationId,
        deviceId: `${registrationId}-device`,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: newKey() } },
      } as never);
      const result = await registerDevice(hub, transport, registrationId, { key });
      expect(result).toMatchObject({
        assignedHub: hub.hostName,
        deviceId: `${registrationId}-device`,
        status: 'assigned',
        substatus: 'initialAssignment',
      });
      await sendsTelemetry(transport, result.deviceId, { key });
    });

    sdkTest({ capability, transport, authentication: 'group key' }, 'a group', async () => {
      const key = keyOfGroup(groupKey, `${id}-keys`);
      const result = await registerDevice(hub, transport, `${id}-keys`, { key });
      expect(result).toMatchObject({ assignedHub: hub.hostName, deviceId: `${id}-keys`, status: 'assigned' });
      await sendsTelemetry(transport, result.deviceId, { key });
    });

    sdkTest({ capability, transport, authentication: 'thumbprint' }, 'its own enrollment', async () => {
      const registrationId = `${id}-certificate`;
      const certificate = await makeCertificate(registrationId);
      await serviceClient(hub).createOrUpdateIndividualEnrollment({
        registrationId,
        attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: certificate.cert } } } },
      } as never);
      const result = await registerDevice(hub, transport, registrationId, { certificate });
      expect(result).toMatchObject({ assignedHub: hub.hostName, deviceId: registrationId, status: 'assigned' });
      await sendsTelemetry(transport, result.deviceId, { certificate });
    });

    sdkTest({ capability, transport, authentication: 'authority' }, 'a group', async () => {
      const registrationId = `${id}-signed`;
      const certificate = await makeCertificate(registrationId, { issuer: authority });
      const result = await registerDevice(hub, transport, registrationId, { certificate });
      expect(result).toMatchObject({ assignedHub: hub.hostName, deviceId: registrationId, status: 'assigned' });
      await sendsTelemetry(transport, result.deviceId, { certificate });
    });

    sdkTest(
      { capability: 'provisioning: refusal', transport, authentication: 'group key' },
      'a wrong key',
      async () => {
        await expect(registerDevice(hub, transport, `${id}-wrong`, { key: newKey() })).rejects.toThrow();
        await expect(hub.registry.get(`${id}-wrong`)).rejects.toThrow();
      },
    );
  }

  sdkTest({ capability, transport: 'HTTPS', authentication: 'TPM' }, 'its own enrollment', async () => {
    const tpm = new SoftwareTpm('device-tpm');
    await serviceClient(hub).createOrUpdateIndividualEnrollment({
      registrationId: tpm.registrationId,
      attestation: { type: 'tpm', tpm: { endorsementKey: tpm.endorsementKey.toString('base64') } },
    } as never);
    const result = await registerTpm(hub, tpm);
    expect(result).toMatchObject({ assignedHub: hub.hostName, deviceId: 'device-tpm', status: 'assigned' });
    await sendsTelemetry('MQTT', result.deviceId, { key: tpm.importedKey });
    // Another TPM that calls itself the same does not get in.
    await expect(registerTpm(hub, new SoftwareTpm('device-tpm'))).rejects.toThrow();
  });
});
