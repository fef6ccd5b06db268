import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PeerCertificates } from '../../../../src/hub/core/services.ts';
import { deriveDeviceKey } from '../../../../src/protocol/provisioning/index.ts';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { makeCertificate, type DeviceCertificate } from '../../../sdk/certificates.ts';
import { openProvisioning, type ProvisioningFixture } from './fixture.ts';

const refused = { symbol: 'IotHubUnauthorizedAccess' };
const der = ({ cert }: DeviceCertificate): Uint8Array => new X509Certificate(cert).raw;

describe('who may register', () => {
  let fixture: ProvisioningFixture;
  let key: string;
  beforeEach(async () => {
    fixture = await openProvisioning();
    key = fixture.newKey();
    await fixture.service.enrollments.put(
      'own',
      { attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: fixture.newKey() } } },
      undefined,
    );
  });
  afterEach(() => fixture.close());

  const register = async (registrationId: string, certificates: PeerCertificates) =>
    fixture.register({ idScope: await fixture.service.idScope(), registrationId, certificates });

  describe('by a key', () => {
    it('lets in the device with the key of its enrollment, whatever the token calls the key', async () => {
      const credentials = await fixture.token('own', key);
      expect((await fixture.register(credentials)).status).toBe('assigned');
    });

    it('refuses a wrong key, an expired token and one for another id', async () => {
      await expect(fixture.register(await fixture.token('own', fixture.newKey()))).rejects.toMatchObject(refused);
      const credentials = await fixture.token('own', key);
      await expect(fixture.register({ ...credentials, registrationId: 'else' })).rejects.toMatchObject(refused);
      const resource = `${credentials.idScope}/registrations/own`;
      const expired = createSasToken({ resource, key, expiresAt: fixture.core.clock.now() / 1_000 - 301 });
      await expect(fixture.register({ ...credentials, token: expired })).rejects.toMatchObject(refused);
    });

    it('refuses a token of the whole scope: it must name the registration', async () => {
      const { idScope } = await fixture.token('own', key);
      const token = createSasToken({ resource: idScope, key, expiresAt: fixture.core.clock.now() / 1_000 + 60 });
      await expect(fixture.register({ idScope, registrationId: 'own', token })).rejects.toMatchObject(refused);
    });

    it('refuses another id scope like a wrong key', async () => {
      const credentials = await fixture.token('own', key);
      await expect(fixture.register({ ...credentials, idScope: '0neFFFFFFFF' })).rejects.toMatchObject(refused);
    });

    it('lets in a device of a group by either key, and its own enrollment comes first', async () => {
      const secondaryKey = fixture.newKey();
      const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: fixture.newKey(), secondaryKey } };
      await fixture.service.groups.put('g', { attestation }, undefined);
      const state = await fixture.register(await fixture.token('d1', deriveDeviceKey(secondaryKey, 'd1')));
      expect(state.symmetricKey).toEqual({ enrollmentGroupId: 'g' });
      await expect(
        fixture.register(await fixture.token('own', deriveDeviceKey(secondaryKey, 'own'))),
      ).rejects.toMatchObject(refused);
    });
  });

  describe('by a certificate', () => {
    let authority: DeviceCertificate;
    let now: Date;
    beforeEach(async () => {
      now = new Date(fixture.core.clock.now());
      authority = await makeCertificate('CA', { authority: true, ...validity() });
      const signingCertificates = { primary: { certificate: authority.cert } };
      await fixture.service.groups.put(
        'g',
        { attestation: { type: 'x509', x509: { signingCertificates } } },
        undefined,
      );
    });

    const validity = () => ({
      notBefore: new Date(now.getTime() - 1_000),
      notAfter: new Date(now.getTime() + 3_600_000),
    });

    it('lets in a leaf of the authority, also through an issuer that the device sends', async () => {
      const direct = await makeCertificate('d1', { issuer: authority, ...validity() });
      expect((await register('d1', { leaf: der(direct), issuers: [] })).x509?.enrollmentGroupId).toBe('g');
      const between = await makeCertificate('Between', { issuer: authority, authority: true, ...validity() });
      const far = await makeCertificate('d2', { issuer: between, ...validity() });
      expect((await register('d2', { leaf: der(far), issuers: [der(between)] })).status).toBe('assigned');
    });

    it('refuses a leaf of the authority that names another device', async () => {
      const leaf = await makeCertificate('d1', { issuer: authority, ...validity() });
      await expect(register('d2', { leaf: der(leaf), issuers: [] })).rejects.toMatchObject(refused);
    });

    it('refuses an issuer that is no authority', async () => {
      const device = await makeCertificate('d1', { issuer: authority, ...validity() });
      const forged = await makeCertificate('d2', { issuer: device, ...validity() });
      await expect(register('d2', { leaf: der(forged), issuers: [der(device)] })).rejects.toMatchObject(refused);
    });

    it('refuses an authority of the same name, and an expired leaf', async () => {
      const impostor = await makeCertificate('CA', { authority: true, ...validity() });
      const leaf = await makeCertificate('d1', { issuer: impostor, ...validity() });
      await expect(register('d1', { leaf: der(leaf), issuers: [der(impostor)] })).rejects.toMatchObject(refused);
      const past = { notBefore: new Date(now.getTime() - 2_000), notAfter: new Date(now.getTime() - 1_000) };
      const expired = await makeCertificate('d1', { issuer: authority, ...past });
      await expect(register('d1', { leaf: der(expired), issuers: [] })).rejects.toMatchObject(refused);
    });

    it('takes exactly the certificate of an individual enrollment', async () => {
      const leaf = await makeCertificate('d3', validity());
      const clientCertificates = { secondary: { certificate: leaf.cert } };
      await fixture.service.enrollments.put(
        'd3',
        { attestation: { type: 'x509', x509: { clientCertificates } } },
        undefined,
      );
      expect((await register('d3', { leaf: der(leaf), issuers: [] })).status).toBe('assigned');
      const signed = await makeCertificate('d3', { issuer: authority, ...validity() });
      await expect(register('d3', { leaf: der(signed), issuers: [] })).rejects.toMatchObject(refused);
    });

    it('knows an authority of the hub by its name, once it is verified', async () => {
      const known = await makeCertificate('Known', { authority: true, ...validity() });
      const { certificates } = fixture.core.core;
      await certificates.put('factory', { properties: { certificate: known.cert } }, undefined);
      const attestation = { type: 'x509', x509: { caReferences: { primary: 'factory' } } };
      await fixture.service.groups.put('by-name', { attestation }, undefined);
      const leaf = await makeCertificate('d4', { issuer: known, ...validity() });
      const credentials = { leaf: der(leaf), issuers: [] };
      await expect(register('d4', credentials)).rejects.toMatchObject(refused);
      await certificates.put('factory', { properties: { certificate: known.cert, isVerified: true } }, '*');
      expect((await register('d4', credentials)).x509?.enrollmentGroupId).toBe('by-name');
    });
  });
});
