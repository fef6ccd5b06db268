import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { keyOfGroup, registerDevice, serviceClient } from './provisioning-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const how = { transport: 'HTTPS', authentication: 'policy' } as const;

function enrollment(registrationId: string) {
  return { registrationId, attestation: { type: 'symmetricKey' as const } };
}

describe('a service that manages enrollments with the official SDK', () => {
  let hub: SdkHub;
  let service: ProvisioningServiceClient;
  beforeAll(async () => {
    hub = await openSdkHub();
    service = serviceClient(hub);
  });
  afterAll(() => hub?.close());

  sdkTest({ ...how, capability: 'provisioning: enrollments' }, 'create, read, change by etag, delete', async () => {
    const created = (await service.createOrUpdateIndividualEnrollment(enrollment('one') as never)).responseBody;
    expect(created).toMatchObject({ registrationId: 'one', provisioningStatus: 'enabled', allocationPolicy: 'hashed' });
    const read = (await service.getIndividualEnrollment('one')).responseBody;
    expect(read.etag).toBe(created.etag);
    expect(read.attestation).toEqual({ type: 'symmetricKey' });
    await service.createOrUpdateIndividualEnrollment({ ...read, provisioningStatus: 'disabled' });
    await expect(service.createOrUpdateIndividualEnrollment(read)).rejects.toThrow();
    const secrets = (await service.getIndividualEnrollmentAttestationMechanism('one')).responseBody;
    expect(secrets.symmetricKey?.primaryKey).toBe(created.attestation.symmetricKey?.primaryKey);
    await service.deleteIndividualEnrollment('one');
    await expect(service.getIndividualEnrollment('one')).rejects.toThrow();
  });

  sdkTest({ ...how, capability: 'provisioning: enrollment groups' }, 'create, read, secrets, delete', async () => {
    await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: 'group',
      attestation: { type: 'symmetricKey' },
    } as never);
    const read = (await service.getEnrollmentGroup('group')).responseBody;
    expect(read).toMatchObject({ enrollmentGroupId: 'group' });
    const secrets = (await service.getEnrollmentGroupAttestationMechanism('group')).responseBody;
    expect(Buffer.from(secrets.symmetricKey?.primaryKey ?? '', 'base64')).toHaveLength(32);
    await service.deleteEnrollmentGroup(read);
    await expect(service.getEnrollmentGroup('group')).rejects.toThrow();
  });

  sdkTest({ ...how, capability: 'provisioning: enrollments' }, 'bulk and pages', async () => {
    const enrollments = Array.from({ length: 7 }, (_, index) => enrollment(`bulk-${index}`));
    // The promise form of this call never settles (service.md §0.6).
    const result = await new Promise((resolve, reject) => {
      service.runBulkEnrollmentOperation({ mode: 'create', enrollments } as never, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
    expect(result).toEqual({ isSuccessful: true, errors: [] });
    const query = service.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, 3);
    const found: string[] = [];
    do {
      const page = (await query.next(query.continuationToken)).responseBody as unknown as { registrationId: string }[];
      expect(page.length).toBeLessThanOrEqual(3);
      found.push(...page.map(({ registrationId }) => registrationId));
    } while (query.hasMoreResults);
    expect(found.filter((id) => id.startsWith('bulk-'))).toHaveLength(7);
  });

  sdkTest({ ...how, capability: 'provisioning: registrations' }, 'read, list by group, delete', async () => {
    const primaryKey = newKey();
    await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: 'fleet',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: newKey() } },
      initialTwin: { tags: { site: 'north' }, properties: { desired: { interval: 5 } } },
    } as never);
    await registerDevice(hub, 'HTTPS', 'truck-1', { key: keyOfGroup(primaryKey, 'truck-1') });
    const state = (await service.getDeviceRegistrationState('truck-1')).responseBody;
    expect(state).toMatchObject({ registrationId: 'truck-1', assignedHub: hub.hostName, status: 'assigned' });
    const twin = (await hub.registry.getTwin('truck-1')).responseBody;
    expect(twin).toMatchObject({ tags: { site: 'north' }, properties: { desired: { interval: 5 } } });
    const query = service.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' }, 'fleet');
    const page = (await query.next(query.continuationToken)).responseBody as unknown as { registrationId: string }[];
    expect(page.map(({ registrationId }) => registrationId)).toEqual(['truck-1']);
    await service.deleteDeviceRegistrationState(state);
    await expect(service.getDeviceRegistrationState('truck-1')).rejects.toThrow();
    expect((await hub.registry.get('truck-1')).responseBody.deviceId).toBe('truck-1');
  });
});
