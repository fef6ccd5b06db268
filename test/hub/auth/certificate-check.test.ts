import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificateCheck } from '../../../src/hub/auth/certificate-check.ts';
import { createGatekeeper } from '../../../src/hub/auth/gatekeeper.ts';
import type { DeviceRecord } from '../../../src/hub/core/ports.ts';
import { newRecord } from '../../../src/hub/core/registry/device-records.ts';
import { parseIdentityDraft } from '../../../src/hub/core/registry/identity-draft.ts';
import { fieldsOf } from '../../../src/hub/core/untrusted.ts';
import type { PeerCertificates } from '../../../src/hub/core/services.ts';
import { issueAuthority, issueClient, issueSelfSigned, type CertificatePair } from '../../../src/x509/index.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const clock = fakeClock();
const now = clock.now();
const dayMs = 86_400_000;

let factory: CertificatePair;
let stranger: CertificatePair;
let own: CertificatePair;

beforeAll(async () => {
  factory = await issueAuthority(now, { commonName: 'factory' });
  stranger = await issueAuthority(now, { commonName: 'stranger' });
  own = await issueSelfSigned({ commonName: 'anything', now, days: 10 });
});

const der = (pem: string) => new X509Certificate(pem).raw;
const shown = (pair: CertificatePair, ...issuers: CertificatePair[]): PeerCertificates => ({
  leaf: der(pair.certificate),
  issuers: issuers.map(({ certificate }) => der(certificate)),
});
const digests = (pair: CertificatePair) => {
  const certificate = new X509Certificate(pair.certificate);
  return { sha1: certificate.fingerprint.replaceAll(':', ''), sha256: certificate.fingerprint256.replaceAll(':', '') };
};

function device(deviceId: string, authentication: object): DeviceRecord {
  return newRecord(deviceId, parseIdentityDraft(fieldsOf({ authentication }, 'The body')), now);
}

const byThumbprint = (x509Thumbprint: object) => device('pump', { type: 'selfSigned', x509Thumbprint });
const byAuthority = (deviceId = 'pump') => device(deviceId, { type: 'certificateAuthority' });

const trusted = async () => [der(factory.certificate)];

const leaf = (authority: CertificatePair, commonName = 'pump', days = 10) =>
  issueClient(authority, { commonName, now, days });

const gatekeeperFor = (record: DeviceRecord) =>
  createGatekeeper({
    store: { readCredentials: async () => record },
    clock,
    policies: [],
    hostNames: ['localhost'],
    certificates: createCertificateCheck({ clock, authorities: trusted }),
  });

function check(certificates: PeerCertificates, record: DeviceRecord | undefined, identity = 'pump', at = now) {
  const later = { ...clock, now: () => at };
  return createCertificateCheck({ clock: later, authorities: trusted }).check(certificates, record, identity);
}

describe('thumbprints (device.md §1.3)', () => {
  test.each(['sha1', 'sha256'] as const)(
    'when the %s digest stands in either slot, in any case, then it is let in',
    async (kind) => {
      const digest = digests(own)[kind];
      expect(await check(shown(own), byThumbprint({ primaryThumbprint: digest.toLowerCase() }))).toBe(
        'primaryThumbprint',
      );
      expect(await check(shown(own), byThumbprint({ secondaryThumbprint: digest }))).toBe('secondaryThumbprint');
    },
  );

  test('when another certificate is shown, then it is refused', async () => {
    const record = byThumbprint({ primaryThumbprint: digests(own).sha256 });
    expect(await check(shown(await issueSelfSigned({ commonName: 'pump', now, days: 1 })), record)).toBeUndefined();
  });

  test('when no thumbprint is registered, then nobody is let in', async () => {
    expect(await check(shown(own), byThumbprint({}))).toBeUndefined();
  });

  test('when the certificate has expired, or is not valid yet, then it is refused', async () => {
    const record = byThumbprint({ primaryThumbprint: digests(own).sha256 });
    expect(await check(shown(own), record, 'pump', now + 11 * dayMs)).toBeUndefined();
    const early = await issueSelfSigned({ commonName: 'pump', now: now + 5 * dayMs, days: 1 });
    expect(await check(shown(early), byThumbprint({ primaryThumbprint: digests(early).sha256 }))).toBeUndefined();
  });
});

describe('authorities (device.md §1.3)', () => {
  test('when a trusted CA signed a certificate for the device, then it is let in', async () => {
    expect(await check(shown(await leaf(factory)), byAuthority())).toBe('authority');
  });

  test('when it is made out to the path of a module, then the module is let in, and not its device', async () => {
    const certificates = shown(await leaf(factory, 'pump/camera'));
    const module = { ...byAuthority(), moduleId: 'camera' };
    expect(await check(certificates, module, 'pump/camera')).toBe('authority');
    expect(await check(certificates, byAuthority())).toBeUndefined();
  });

  test.each([
    ['the CA is not trusted', () => leaf(stranger), []],
    ['it is for another device', () => leaf(factory, 'pump2'), []],
    ['the case of the name differs', () => leaf(factory, 'Pump'), []],
    ['it brings its own CA along', () => leaf(stranger), [() => stranger]],
    ['it brings the trusted CA along without being signed by it', () => leaf(stranger), [() => factory]],
  ])('when %s, then it is refused', async (_what, make, issuers) => {
    const certificates = shown(await make(), ...issuers.map((issuer) => issuer()));
    expect(await check(certificates, byAuthority())).toBeUndefined();
  });

  test('when a leaf, not a CA, signed it, then it is refused', async () => {
    const middle = await leaf(factory, 'no authority');
    const forged = await issueClient(middle, { commonName: 'pump', now, days: 1 });
    expect(await check(shown(forged, middle), byAuthority())).toBeUndefined();
  });

  test('when it has expired, then it is refused', async () => {
    expect(await check(shown(await leaf(factory, 'pump', 1)), byAuthority(), 'pump', now + 2 * dayMs)).toBeUndefined();
  });

  test('when the device authenticates otherwise, then a certificate does not help', async () => {
    expect(await check(shown(await leaf(factory)), device('pump', { type: 'sas' }))).toBeUndefined();
    expect(await check(shown(await leaf(factory)), undefined)).toBeUndefined();
  });

  test.each([
    ['garbage', Buffer.from('no certificate')],
    ['nothing', Buffer.alloc(0)],
  ])('when %s is shown, then it is refused and nothing breaks', async (_what, bytes) => {
    expect(await check({ leaf: bytes, issuers: [bytes] }, byAuthority())).toBeUndefined();
  });
});

describe('the gatekeeper', () => {
  test('when a certificate proves the device, then the sender says how', async () => {
    const record = byThumbprint({ primaryThumbprint: digests(own).sha256 });
    const principal = await gatekeeperFor(record).authenticateDevice({ identity: 'pump', certificates: shown(own) });
    expect(principal).toMatchObject({
      credential: 'primaryThumbprint',
      expiresAt: undefined,
      sender: { deviceId: 'pump', auth: { scope: 'device', type: 'x509' } },
    });
  });

  test('when a token comes with it, then the token decides', async () => {
    const record = byThumbprint({ primaryThumbprint: digests(own).sha256 });
    const request = { identity: 'pump', token: 'SharedAccessSignature sr=x&sig=y&se=1', certificates: shown(own) };
    await expect(gatekeeperFor(record).authenticateDevice(request)).rejects.toMatchObject({
      symbol: 'IotHubUnauthorizedAccess',
    });
  });

  test('when the device is disabled, then a good certificate does not help', async () => {
    const record = { ...byThumbprint({ primaryThumbprint: digests(own).sha256 }), status: 'disabled' as const };
    await expect(
      gatekeeperFor(record).authenticateDevice({ identity: 'pump', certificates: shown(own) }),
    ).rejects.toMatchObject({ symbol: 'DeviceDisabled' });
  });
});

describe('a hub that takes no keys of devices', () => {
  test('when a device comes with its own key, then it is refused; a module and a policy are let in', async () => {
    const keyed = { ...device('pump', { type: 'sas' }), moduleId: '' };
    const policy = {
      name: 'device',
      permissions: ['DeviceConnect' as const],
      primaryKey: keyed.primaryKey ?? '',
      secondaryKey: keyed.primaryKey ?? '',
    };
    const strict = createGatekeeper({
      store: { readCredentials: async (identity) => (identity === 'pump' ? keyed : { ...keyed, moduleId: 'camera' }) },
      clock,
      policies: [policy],
      hostNames: ['localhost'],
      refuseKeysOf: ['device'],
    });
    const token = (resource: string, keyName?: string) =>
      createSasToken({ resource, key: keyed.primaryKey ?? '', keyName, expiresAt: now / 1_000 + 60 });
    const byOwnKey = strict.authenticateDevice({ identity: 'pump', token: token('localhost/devices/pump') });
    await expect(byOwnKey).rejects.toMatchObject({ symbol: 'IotHubUnauthorizedAccess' });
    const camera = 'localhost/devices/pump/modules/camera';
    await expect(strict.authenticateDevice({ identity: 'pump/camera', token: token(camera) })).resolves.toMatchObject({
      credential: 'primaryKey',
    });
    await expect(
      strict.authenticateDevice({ identity: 'pump', token: token('localhost', 'device') }),
    ).resolves.toMatchObject({ credential: 'policy' });
  });
});
