import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveDeviceKey } from '../../../../src/protocol/provisioning/index.ts';
import { mapHub, openProvisioning, type ProvisioningFixture } from './fixture.ts';

describe('a registration', () => {
  let fixture: ProvisioningFixture;
  let key: string;
  const other = mapHub('other.hub');
  beforeEach(async () => {
    other.devices.clear();
    fixture = await openProvisioning({ linkedHubs: [other] });
    key = fixture.newKey();
  });
  afterEach(() => fixture.close());

  const enroll = (registrationId: string, more: object = {}) =>
    fixture.service.enrollments.put(
      registrationId,
      {
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
        iotHubHostName: 'own.hub',
        ...more,
      },
      undefined,
    );

  it('when the enrollment names a device, tags and desired properties, then the hub has that device', async () => {
    await enroll('r1', { deviceId: 'd1', initialTwin: { tags: { a: 1 }, properties: { desired: { b: 2 } } } });
    const state = await fixture.register(await fixture.token('r1', key));
    expect(state).toMatchObject({
      status: 'assigned',
      substatus: 'initialAssignment',
      deviceId: 'd1',
      assignedHub: 'own.hub',
    });
    const identity = await fixture.core.core.registry.get('d1');
    expect(identity.authentication.symmetricKey.primaryKey).toBe(key);
    expect(await fixture.core.core.twins.get('d1')).toMatchObject({
      tags: { a: 1 },
      properties: { desired: { b: 2 } },
    });
  });

  it('when nothing changed, then it is the same again, and the session of the device is left alone', async () => {
    await enroll('r1');
    const first = await fixture.register(await fixture.token('r1', key));
    const { etag } = await fixture.core.core.registry.get('r1');
    expect(await fixture.register(await fixture.token('r1', key))).toEqual(first);
    expect((await fixture.core.core.registry.get('r1')).etag).toBe(etag);
  });

  it('when the case of the id differs, then it is the same registration', async () => {
    await enroll('Truck-1');
    await fixture.register(await fixture.token('truck-1', key));
    expect((await fixture.service.registrations.get('TRUCK-1')).status).toBe('assigned');
  });

  it('when the keys of the enrollment change, then the next registration brings them to the hub', async () => {
    await enroll('r1');
    await fixture.register(await fixture.token('r1', key));
    key = fixture.newKey();
    await enroll('r1');
    await fixture.register(await fixture.token('r1', key));
    expect((await fixture.core.core.registry.get('r1')).authentication.symmetricKey.primaryKey).toBe(key);
  });

  it('when the device was disabled on the hub, then registering does not enable it', async () => {
    await enroll('r1');
    await fixture.register(await fixture.token('r1', key));
    const { authentication } = await fixture.core.core.registry.get('r1');
    await fixture.core.core.registry.put('r1', { deviceId: 'r1', status: 'disabled', authentication }, '*');
    key = fixture.newKey();
    await enroll('r1');
    await fixture.register(await fixture.token('r1', key));
    expect((await fixture.core.core.registry.get('r1')).status).toBe('disabled');
  });

  it('when the device was deleted from its hub, then it is made again', async () => {
    await enroll('r1');
    await fixture.register(await fixture.token('r1', key));
    await fixture.core.core.registry.delete('r1', '*');
    const state = await fixture.register(await fixture.token('r1', key));
    expect(state.substatus).toBe('reprovisionedToInitialAssignment');
    expect((await fixture.core.core.registry.get('r1')).deviceId).toBe('r1');
  });

  describe('when the enrollment names another hub now', () => {
    beforeEach(async () => {
      await enroll('r1', { initialTwin: { tags: { from: 'enrollment' } } });
      await fixture.register(await fixture.token('r1', key));
      await fixture.core.core.twins.patch('r1', { tags: { from: 'device' } }, undefined);
    });

    it('then the device moves with its twin', async () => {
      await enroll('r1', { iotHubHostName: 'other.hub' });
      const state = await fixture.register(await fixture.token('r1', key));
      expect(state).toMatchObject({ assignedHub: 'other.hub', substatus: 'deviceDataMigrated' });
      expect(other.devices.get('r1')).toMatchObject({ tags: { from: 'device' }, credential: { primaryKey: key } });
      await expect(fixture.core.core.registry.get('r1')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
    });

    it('then it begins anew where its twin does not go along', async () => {
      const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: false };
      await enroll('r1', { iotHubHostName: 'other.hub', reprovisionPolicy, initialTwin: { tags: { from: 'anew' } } });
      const state = await fixture.register(await fixture.token('r1', key));
      expect(state.substatus).toBe('deviceDataReset');
      expect(other.devices.get('r1')?.tags).toEqual({ from: 'anew' });
    });

    it('then it stays where its enrollment never moves it', async () => {
      const reprovisionPolicy = { updateHubAssignment: false, migrateDeviceData: false };
      await enroll('r1', { iotHubHostName: 'other.hub', reprovisionPolicy });
      expect((await fixture.register(await fixture.token('r1', key))).assignedHub).toBe('own.hub');
      expect(other.devices.size).toBe(0);
    });
  });

  it('when no hub that is allowed is linked, then it fails and says so', async () => {
    await enroll('r1', { iotHubHostName: 'far.hub' });
    const state = await fixture.register(await fixture.token('r1', key));
    expect(state).toMatchObject({ status: 'failed', errorCode: 400204 });
    expect(state.errorMessage).toContain('is linked');
  });

  it('when a group is disabled or gone, then its devices are refused and the registration says disabled', async () => {
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } };
    await fixture.service.groups.put('g', { attestation }, undefined);
    const device = await fixture.token('d1', deriveDeviceKey(key, 'd1'));
    await fixture.register(device);
    await fixture.service.groups.put('g', { attestation, provisioningStatus: 'disabled' }, undefined);
    await expect(fixture.register(device)).rejects.toMatchObject({ symbol: 'IotHubUnauthorizedAccess' });
    expect((await fixture.service.registrations.get('d1')).status).toBe('disabled');
    await fixture.service.groups.delete('g', undefined);
    await expect(fixture.service.registrations.get('d1')).rejects.toMatchObject({ symbol: 'RegistrationNotFound' });
    expect((await fixture.core.core.registry.get('d1')).deviceId).toBe('d1');
  });

  it('when a device asks for the operation of another, then there is none', async () => {
    await enroll('r1');
    await enroll('r2');
    const { operation } = await fixture.service.devices.register(await fixture.token('r1', key));
    await expect(
      fixture.service.devices.status(await fixture.token('r2', key), operation.operationId),
    ).rejects.toMatchObject({ symbol: 'RegistrationNotFound' });
  });

  it('when the body names another device, then it is refused', async () => {
    await enroll('r1');
    await expect(fixture.register(await fixture.token('r1', key), { registrationId: 'r2' })).rejects.toMatchObject({
      symbol: 'ArgumentInvalid',
    });
  });
});
