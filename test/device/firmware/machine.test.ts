import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { signTrust } from '../../../src/protocol/firmware/index.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';
import type { Installer } from '../../../src/device/firmware/index.ts';
import {
  imageOf,
  memoryDevice,
  newKey,
  offerOf,
  oldImage,
  runToRest,
  sha256,
  trustOf,
  type MemoryDevice,
} from './memory-device.ts';

const happy = ['idle', 'downloading', 'staged', 'installing', 'rebooting', 'trial', 'confirmed'];

function states(device: MemoryDevice): string[] {
  return device.reports.map(({ state }) => state);
}

async function settle(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

/** Boots a device without an end to wait for. */
async function booted(device: MemoryDevice, wish: JsonValue): Promise<Installer> {
  const installer = await device.boot();
  installer.desired(wish);
  await settle();
  return installer;
}

describe('an update', () => {
  test('goes through its states, is confirmed, and is told whole each time', async () => {
    const device = memoryDevice();
    const installer = await runToRest(device, offerOf(device.key, device.behaviour.image));
    expect(states(device)).toEqual(happy);
    expect(device.reports.at(-1)).toEqual({
      rollout: 'r',
      attempt: 1,
      seq: 7,
      state: 'confirmed',
      progress: null,
      version: '2.0.0',
      digest: sha256(device.behaviour.image),
      hardware: 'pump-v2',
      bootCount: 2,
      resetReason: null,
      until: null,
      code: null,
      message: null,
    });
    expect(device.running).toBe('b');
    expect(installer.state.releaseCounter).toBe(2);
    expect(device.requests).toHaveLength(1);
    await installer.stop();
  });

  test('is never done twice, nor after a restart', async () => {
    const device = memoryDevice();
    const offer = offerOf(device.key, device.behaviour.image);
    await (await runToRest(device, offer)).stop();
    const again = await runToRest(device, offer);
    expect(device.activations).toHaveLength(1);
    expect(states(device)).toEqual([...happy, 'confirmed']);
    await again.stop();
  });

  test('to what runs already is confirmed without an installation', async () => {
    const device = memoryDevice();
    const offer = offerOf(device.key, oldImage, { version: '1.0.1', releaseCounter: 5 });
    const installer = await runToRest(device, offer);
    expect(states(device)).toEqual(['idle', 'confirmed']);
    expect(device.reports.at(-1)).toMatchObject({ version: '1.0.1', digest: sha256(oldImage) });
    expect(installer.state.releaseCounter).toBe(5);
    expect(device.requests).toEqual([]);
    await installer.stop();
  });

  test('that follows another goes into the other slot, and leaves the running one alone', async () => {
    const device = memoryDevice();
    await (await runToRest(device, offerOf(device.key, device.behaviour.image))).stop();
    const first = device.behaviour.image;
    device.behaviour.image = imageOf('third');
    const offer = offerOf(device.key, device.behaviour.image, { version: '3.0.0', releaseCounter: 3 });
    await (await runToRest(device, { ...offer, rollout: 's' })).stop();
    expect(device.running).toBe('a');
    expect(device.slots.b.image).toEqual(first);
    expect(device.slots.a.image).toEqual(device.behaviour.image);
  });

  test('waits for its time, downloaded already', async () => {
    const device = memoryDevice();
    const notBefore = new Date(device.clock.now() + 26 * 3_600_000).toISOString();
    const installer = await booted(device, { ...offerOf(device.key, device.behaviour.image), notBefore });
    expect(states(device)).toEqual(['idle', 'downloading', 'staged']);
    await device.clock.advance(25 * 3_600_000);
    expect(states(device).at(-1)).toBe('staged');
    await device.clock.advance(3_600_001);
    await settle();
    expect(states(device)).toEqual(happy);
    await installer.stop();
  });

  test('is put off as long as the device asks for it, and given up when it asks too often', async () => {
    const device = memoryDevice();
    let asked = 0;
    device.behaviour.defer = () =>
      ++asked > 2 ? undefined : { until: device.clock.now() + 60_000, message: 'the pump runs' };
    const installer = await booted(device, offerOf(device.key, device.behaviour.image));
    expect(device.reports.at(-1)).toMatchObject({
      state: 'deferred',
      until: '2026-01-01T00:01:00.000Z',
      message: 'the pump runs',
    });
    await installer.stop();
    const restarted = await booted(device, null);
    expect(asked).toBe(1);
    await restarted.stop();
    asked = -1_000;
    const offer = { ...offerOf(device.key, device.behaviour.image), attempt: 2 };
    const stubborn = await runToRest(device, offer);
    expect(device.reports.at(-1)).toMatchObject({ attempt: 2, state: 'failed', code: 'too-many-deferrals' });
    await stubborn.stop();
  });
});

describe('an offer that is taken back', () => {
  test.each(['downloading', 'staged'])('is dropped while it is %s', async (phase) => {
    const device = memoryDevice();
    const offer: JsonObject = offerOf(device.key, device.behaviour.image);
    if (phase === 'staged') offer['notBefore'] = '2027-01-01T00:00:00.000Z';
    else device.behaviour.hang = true;
    const installer = await booted(device, offer);
    expect(states(device).at(-1)).toBe(phase);
    installer.desired(null);
    await installer.settled();
    expect(device.reports.at(-1)).toMatchObject({ rollout: 'r', attempt: 1, state: 'idle' });
    expect(installer.state.job).toBeUndefined();
    await installer.stop();
  });

  test('is not dropped any more when it is on trial', async () => {
    const device = memoryDevice(undefined, { selfTest: () => ({ kind: 'undecided', message: 'starting' }) });
    const installer = await booted(device, offerOf(device.key, device.behaviour.image));
    expect(states(device).at(-1)).toBe('trial');
    installer.desired(null);
    device.behaviour.selfTest = () => ({ kind: 'passed' });
    await device.clock.advance(5_000);
    await installer.settled();
    expect(states(device).at(-1)).toBe('confirmed');
    await installer.stop();
  });

  test('for another one is dropped for it, and the other one is told about', async () => {
    const device = memoryDevice(undefined, { hang: true });
    const installer = await booted(device, offerOf(device.key, imageOf('never comes')));
    device.behaviour.hang = false;
    installer.desired({ ...offerOf(device.key, device.behaviour.image), attempt: 2 });
    await installer.settled();
    expect(device.reports.map(({ attempt, state }) => `${attempt} ${state}`)).toEqual([
      '0 idle',
      '1 downloading',
      ...happy.slice(1).map((state) => `2 ${state}`),
    ]);
    await installer.stop();
  });

  test('or given another address goes on with it', async () => {
    const device = memoryDevice(undefined, { hang: true });
    const offer = offerOf(device.key, device.behaviour.image);
    const installer = await booted(device, offer);
    device.behaviour.hang = false;
    installer.desired({ ...offer, url: 'https://files.example/elsewhere' });
    await installer.settled();
    expect(states(device)).toEqual(happy);
    await installer.stop();
  });
});

describe('what is not installed', () => {
  const key = newKey();
  const image = imageOf('new');
  const good = offerOf(key, image);
  const manifest = good['manifest'] as JsonObject;
  const other = offerOf(key, imageOf('other'), { version: '2.1.0' });
  const signature = good['signature'] as string;
  const cases: readonly (readonly [what: string, code: string, offer: JsonObject])[] = [
    ['a wrong key', 'key-unknown', offerOf(newKey(), image)],
    [
      'a key that borrows the name of another',
      'signature-invalid',
      { ...offerOf(newKey(), image), keyId: good['keyId']! },
    ],
    ['no signature', 'signature-missing', { ...good, signature: null }],
    ['a truncated signature', 'signature-invalid', { ...good, signature: signature.slice(0, -8) }],
    [
      'a changed signature',
      'signature-invalid',
      { ...good, signature: signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) },
    ],
    ['a swapped manifest', 'signature-invalid', { ...good, manifest: other['manifest']! }],
    ['a changed size', 'signature-invalid', { ...good, manifest: { ...manifest, size: 10_001 } }],
    ['a truncated manifest', 'manifest-invalid', { ...good, manifest: { format: 1 } }],
    ['an older release', 'downgrade', offerOf(key, image, { releaseCounter: 0 })],
    ['other hardware', 'hardware-mismatch', offerOf(key, image, { hardware: ['valve-v1'] })],
    ['too old a device', 'below-min-version', offerOf(key, image, { minVersion: '1.5.0' })],
    ['too large a file', 'too-large', offerOf(key, image, { size: 1_000_001 })],
    ['an address that is none', 'manifest-invalid', { ...good, url: 'file:///etc/passwd' }],
    ['deadlines that are none', 'manifest-invalid', { ...good, deadlines: { offer: 0 } }],
    [
      'keys that nobody has signed',
      'trust-invalid',
      { ...good, trust: [{ trust: trustOf([newKey()], 2), signatures: [] }] },
    ],
  ];

  test.each(cases)('%s: %s', async (_, code, offer) => {
    const device = memoryDevice(key, { image });
    const installer = await runToRest(device, offer);
    expect(device.reports.at(-1)).toMatchObject({ rollout: 'r', attempt: 1, state: 'rejected', code });
    expect(device.requests).toEqual([]);
    expect(device.operations).toBeLessThan(4);
    await installer.stop();
  });

  test.each([
    ['a text', 'install this'],
    ['no rollout', { attempt: 1 }],
    ['a rollout that is no name', { rollout: '../x', attempt: 1 }],
    ['an attempt that is no number', { rollout: 'r', attempt: '1' }],
  ] as const)('%s', async (_, wish) => {
    const device = memoryDevice();
    const installer = await booted(device, wish);
    expect(device.reports.at(-1)).toMatchObject({ rollout: null, state: 'rejected', code: 'manifest-invalid' });
    await installer.stop();
  });

  test('a file with one bit flipped', async () => {
    const flipped = Buffer.from(image);
    flipped[4_321]! ^= 0x10;
    const device = memoryDevice(key, { image: flipped });
    const installer = await runToRest(device, good);
    expect(device.reports.at(-1)).toMatchObject({ state: 'failed', code: 'digest-mismatch' });
    expect(device.requests).toHaveLength(3);
    expect(device.slots.b.image).toBeUndefined();
    await installer.stop();
  });

  test.each([
    ['the file', (device: MemoryDevice) => (device.slots.b.image = imageOf('bad!')), 'digest-mismatch'],
    ['the end of the file', (device: MemoryDevice) => (device.slots.b.image = image.subarray(1)), 'size-mismatch'],
    [
      'the manifest',
      (device: MemoryDevice) => (device.slots.b.document = { ...other, trust: null }),
      'digest-mismatch',
    ],
    [
      'the signature',
      (device: MemoryDevice) => (device.slots.b.document = { ...good, signature: other['signature'] }),
      'signature-invalid',
    ],
  ] as const)('a slot in which somebody has changed %s after it was verified', async (_, change, code) => {
    const device = memoryDevice(key, { image });
    const installer = await booted(device, { ...good, notBefore: '2026-01-01T01:00:00.000Z' });
    expect(states(device).at(-1)).toBe('staged');
    change(device);
    await device.clock.advance(3_600_000);
    await settle();
    expect(device.reports.at(-1)).toMatchObject({ code });
    expect(device.activations).toEqual([]);
    expect(device.running).toBe('a');
    await installer.stop();
  });

  test('after the keys were changed by those of before, what the old ones sign', async () => {
    const next = newKey();
    const device = memoryDevice(key, { image });
    const chain = [signTrust(trustOf([next], 2), [key, next])] as unknown as JsonValue;
    await (await runToRest(device, { ...offerOf(next, image), trust: chain })).stop();
    expect(states(device).at(-1)).toBe('confirmed');
    expect(device.trust.version).toBe(2);
    const offer = { ...offerOf(key, imageOf('later'), { releaseCounter: 9 }), attempt: 2 };
    await (await runToRest(device, offer)).stop();
    expect(device.reports.at(-1)).toMatchObject({ state: 'rejected', code: 'key-unknown' });
  });
});

/** How an update ends that goes back. */
async function ending(device: MemoryDevice): Promise<string> {
  const installer = await runToRest(device, offerOf(device.key, device.behaviour.image));
  expect(device.running).toBe('a');
  expect(device.selected).toBe('a');
  expect(installer.state.releaseCounter).toBe(1);
  await installer.stop();
  const { state, code, version, digest } = device.reports.at(-1)!;
  expect({ version, digest }).toEqual({ version: '1.0.0', digest: sha256(oldImage) });
  return `${state} ${code}`;
}

describe('a firmware that does not prove itself', () => {
  test('fails its self-test', async () => {
    const verdict = { kind: 'failed', message: 'no pressure' } as const;
    expect(await ending(memoryDevice(undefined, { selfTest: () => verdict }))).toBe('reverted self-test-failed');
  });

  test.each(['hang', 'undecided'] as const)('is not confirmed in time: %s', async (kind) => {
    const verdict = kind === 'hang' ? 'hang' : ({ kind: 'undecided', message: 'starting' } as const);
    expect(await ending(memoryDevice(undefined, { selfTest: () => verdict }))).toBe('reverted confirm-timeout');
  });

  test('is not confirmed in time, also when the agent does not run meanwhile', async () => {
    const device = memoryDevice(undefined, { selfTest: () => ({ kind: 'undecided', message: 'starting' }) });
    const offer = offerOf(device.key, device.behaviour.image);
    const installer = await booted(device, offer);
    await device.clock.advance(100_000);
    await installer.stop();
    expect(states(device).at(-1)).toBe('trial');
    await device.clock.advance(20_001);
    expect(await ending(device)).toBe('reverted confirm-timeout');
  });

  test('has its whole time again when the clock was set meanwhile', async () => {
    const device = memoryDevice(undefined, { selfTest: () => ({ kind: 'undecided', message: 'starting' }) });
    const installer = await booted(device, offerOf(device.key, device.behaviour.image));
    await installer.stop();
    await device.clock.advance(10 * 365 * 86_400_000);
    device.behaviour.selfTest = () => ({ kind: 'passed' });
    const later = await booted(device, null);
    await later.settled();
    expect(states(device).at(-1)).toBe('confirmed');
    await later.stop();
  });

  test('restarts again and again', async () => {
    const device = memoryDevice();
    device.behaviour.selfTest = () => {
      device.crash();
      return 'hang';
    };
    expect(await ending(device)).toBe('reverted boot-loop');
  });

  test('does not boot, so that the boot loader falls back', async () => {
    const device = memoryDevice(undefined, { activation: 'reboot' });
    device.behaviour.unbootable = (image) => image?.equals(device.behaviour.image) === true;
    expect(await ending(device)).toBe('reverted old-digest');
  });

  test('cannot be activated', async () => {
    expect(await ending(memoryDevice(undefined, { activation: 'failing' }))).toBe('failed install-failed');
  });

  test('is offered once more as another attempt', async () => {
    const device = memoryDevice(undefined, { activation: 'failing' });
    const offer = offerOf(device.key, device.behaviour.image);
    await (await runToRest(device, offer)).stop();
    device.behaviour.activation = 'service';
    await (await runToRest(device, { ...offer, attempt: 2 })).stop();
    expect(states(device).at(-1)).toBe('confirmed');
  });
});
