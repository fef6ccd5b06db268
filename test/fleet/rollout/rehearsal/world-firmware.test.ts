import { describe, expect, it } from 'vitest';
import { parseFaults } from '../../../../src/device/index.ts';
import { addFirmwareDevices } from '../../../../src/fleet/rollout/rehearsal/world-firmware.ts';
import { createWorld } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import { signManifest, type Manifest, type Report } from '../../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, signedTrustOf, trustOf } from '../../../support/firmware.ts';

const key = newKey();
const manifest = manifestFor('the new firmware', { size: 10_000_000 });

/** One device with these faults, or one of a fleet of them. */
async function rig(faults: string, device: { readonly version?: string; readonly releaseCounter?: number } = {}) {
  const world = createWorld();
  const reports: Report[] = [];
  const firmware = await addFirmwareDevices(world, {
    devices: [{ deviceId: 'pump-1', version: device.version ?? '1.5.0', hardware: 'pump-v2' }],
    trust: trustOf([key]),
    faults: parseFaults(faults),
    seed: 1,
    ...(device.releaseCounter !== undefined && { releaseCounter: device.releaseCounter }),
    onReport: (_, report) => reports.push(report),
  });
  const { hub } = world.connect();
  const offer = (document: JsonObject) =>
    hub.twins.patch('pump-1', { properties: { desired: { firmware: document } } });
  const twin = (): Report => world.twin('pump-1').properties.reported['firmware'] as unknown as Report;
  const states = (): string[] => [...new Set(reports.map(({ state }) => state))];
  return { world, firmware, offer, twin, states, reports };
}

const hour = 3_600_000;

describe('a simulated device', () => {
  it('says what it runs when it starts', async () => {
    const { world, twin } = await rig('none');
    await world.clock.advance(1_000);
    expect(twin()).toMatchObject({ state: 'idle', version: '1.5.0', hardware: 'pump-v2', bootCount: 1 });
    expect(world.twin('pump-1').connectionState).toBe('Connected');
  });

  it('updates itself with a restart, and runs what was offered', async () => {
    const { world, offer, twin, states, reports } = await rig('none');
    await world.clock.advance(1_000);
    const { digest } = twin();
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(states()).toEqual(['idle', 'downloading', 'staged', 'installing', 'rebooting', 'trial', 'confirmed']);
    expect(twin()).toMatchObject({
      state: 'confirmed',
      version: '2.0.0',
      digest: manifest.sha256,
      attempt: 1,
      bootCount: 2,
    });
    expect(digest).not.toBe(manifest.sha256);
    const numbers = reports.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  it('falls silent after it began to install, when it bricks', async () => {
    const { world, offer, twin, firmware } = await rig('brick=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(24 * hour);
    expect([twin().state, twin().version, world.twin('pump-1').connectionState]).toEqual([
      'rebooting',
      '1.5.0',
      'Disconnected',
    ]);
    expect(firmware.counts()).toEqual({ bricked: 1 });
  });

  it('goes back by itself when the self-test fails', async () => {
    const { world, offer, twin } = await rig('revert=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'reverted', code: 'self-test-failed', version: '1.5.0', bootCount: 3 });
  });

  it('goes back from an image that is bad, and takes another', async () => {
    const { world, offer, twin } = await rig('bad-image=2.0.0');
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'reverted', code: 'self-test-failed' });
    await offer(offerOf({ ...manifest, version: '2.0.1' }, key, { rollout: 'pump-3' }));
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'confirmed', version: '2.0.1', rollout: 'pump-3' });
  });

  it('does not come back from an image that bricks', async () => {
    const { world, offer, firmware } = await rig('brick-image=2.0.0');
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(firmware.counts()).toEqual({ bricked: 1 });
  });

  it('finds out that its download was damaged', async () => {
    const { world, offer, twin } = await rig('corrupt=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'failed', code: 'digest-mismatch', version: '1.5.0', bootCount: 1 });
  });

  it('lies about its version, but its digest tells', async () => {
    const { world, offer, twin } = await rig('lie=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'confirmed', version: '2.0.0' });
    expect(twin().digest).not.toBe(manifest.sha256);
  });

  it('is away for a while, and takes the offer when it comes back', async () => {
    const { world, offer, twin, firmware } = await rig('offline=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(60_000);
    expect([world.twin('pump-1').connectionState, firmware.counts()]).toEqual(['Disconnected', { away: 1 }]);
    await world.clock.advance(2 * hour);
    expect(twin()).toMatchObject({ state: 'confirmed', version: '2.0.0' });
  });

  it('takes twenty times as long over a slow line', async () => {
    const { world, offer, twin, reports } = await rig('slow=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(100_000);
    expect(twin().state).toBe('downloading');
    await world.clock.advance(200_000);
    expect(reports.some(({ state, progress }) => state === 'downloading' && (progress ?? 0) > 0)).toBe(true);
    expect(twin().state).toBe('confirmed');
  });

  it('gives an offer up that is taken back', async () => {
    const { world, offer, twin } = await rig('slow=100%');
    await offer(offerOf(manifest, key));
    await world.clock.advance(60_000);
    await world.connect().hub.twins.patch('pump-1', { properties: { desired: { firmware: null } } });
    await world.clock.advance(1_000);
    expect(twin()).toMatchObject({ state: 'idle', version: '1.5.0' });
  });
});

function flip(text: string): string {
  return (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
}

describe('what a simulated device does not install', () => {
  const signed = offerOf(manifest, key);
  const text = signManifest(manifest, key).signature;
  const changed = (part: Partial<Manifest>): JsonObject => ({
    ...signed,
    manifest: { ...manifest, ...part } as unknown as JsonObject,
  });
  const other = newKey();
  it.each<[string, JsonObject, string, { version?: string; releaseCounter?: number }?]>([
    ['signed by another key', offerOf(manifest, other), 'key-unknown'],
    [
      'signed by another key under the id of ours',
      { ...offerOf(manifest, other), keyId: signed['keyId'] ?? '' },
      'signature-invalid',
    ],
    ['without a signature', { ...signed, signature: null }, 'signature-missing'],
    ['a bit of the signature flipped', { ...signed, signature: flip(text) }, 'signature-invalid'],
    ['the signature cut short', { ...signed, signature: text.slice(0, 40) }, 'signature-invalid'],
    ['another digest', changed({ sha256: 'f'.repeat(64) }), 'signature-invalid'],
    ['another version', changed({ version: '9.0.0' }), 'signature-invalid'],
    ['another size', changed({ size: 1 }), 'signature-invalid'],
    ['more hardware', changed({ hardware: ['pump-v2'] }), 'signature-invalid'],
    ['a part of the manifest missing', { ...signed, manifest: { name: 'pump' } }, 'manifest-invalid'],
    ['for other hardware', offerOf({ ...manifest, hardware: ['valve-v1'] }, key), 'hardware-mismatch'],
    ['an older release', offerOf(manifest, key), 'downgrade', { releaseCounter: 8 }],
    ['from a version that is too old', offerOf(manifest, key), 'below-min-version', { version: '1.0.0' }],
    ['larger than a slot', offerOf({ ...manifest, size: 2 * 1024 ** 3 }, key), 'too-large'],
    [
      'keys that nobody known has signed',
      offerOf(manifest, other, { trust: [signedTrustOf([other], 2)] as unknown as JsonObject[] }),
      'trust-invalid',
    ],
  ])('%s', async (_, document, code, device) => {
    const { world, offer, twin } = await rig('none', device);
    await offer(JSON.parse(JSON.stringify(document)) as JsonObject);
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'rejected', code, version: device?.version ?? '1.5.0', bootCount: 1 });
  });

  it('takes a newer set of keys that ours has signed', async () => {
    const { world, offer, twin } = await rig('none');
    await offer(
      offerOf(manifest, other, { trust: [signedTrustOf([other], 2, [key, other])] as unknown as JsonObject[] }),
    );
    await world.clock.advance(hour);
    expect(twin()).toMatchObject({ state: 'confirmed', version: '2.0.0' });
  });
});
