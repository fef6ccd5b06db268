import { describe, expect, it } from 'vitest';
import { createRig } from '../../../support/rollout-rig.ts';

describe('driving a rollout', () => {
  it('brings every device to the new firmware, wave by wave', async () => {
    const rig = await createRig({ devices: 100, waveEnds: [2, 10, 30, 60, 100], policy: { maxInProgress: 20 } });
    const controller = rig.controller();
    const end = await rig.world.clock.run(controller.done, { limitMs: 24 * 3_600_000 });
    expect(end).toMatchObject({ kind: 'ended', state: { phase: 'completed' } });
    expect(rig.watch.problems).toEqual([]);
    expect(rig.watch.offers.size).toBe(100);
    expect(await rig.audit()).toEqual([]);
    expect(rig.world.clock.monotonic()).toBeLessThan(3_600_000);
  });
});
