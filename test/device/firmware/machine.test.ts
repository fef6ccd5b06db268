import { describe, expect, test } from 'vitest';
import { imageOf, memoryDevice, offerOf, runToRest, sha256, oldImage } from './memory-device.ts';

describe('an update', () => {
  test('goes through its states, and is confirmed', async () => {
    const device = memoryDevice();
    const installer = await runToRest(device, offerOf(device.key, device.behaviour.image));
    expect(device.reports.map(({ state }) => state)).toEqual([
      'idle',
      'downloading',
      'staged',
      'installing',
      'rebooting',
      'trial',
      'confirmed',
    ]);
    expect(device.reports.at(-1)).toMatchObject({
      rollout: 'r',
      attempt: 1,
      version: '2.0.0',
      digest: sha256(device.behaviour.image),
    });
    expect(device.running).toBe('b');
    expect(installer.state.releaseCounter).toBe(2);
    await installer.stop();
  });
});

describe('a power cut', () => {
  test.each(['service', 'reboot', 'announced'] as const)('at each operation, restarting by %s', async (activation) => {
    let last = 1;
    for (let at = 1; at <= last; at++) {
      for (const done of [false, true]) {
        const device = memoryDevice(undefined, { activation });
        device.cut = { at, done };
        const image = device.behaviour.image;
        const installer = await runToRest(device, offerOf(device.key, image));
        const seqs = device.reports.map(({ seq }) => seq);
        expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
        expect(device.reports.at(-1)).toMatchObject({ state: 'confirmed', digest: sha256(image) });
        expect(device.running).toBe('b');
        expect(device.slots.a.image).toEqual(oldImage);
        await installer.stop();
        last = Math.max(last, device.operations);
      }
    }
    expect(last).toBeGreaterThan(12);
  });
});
