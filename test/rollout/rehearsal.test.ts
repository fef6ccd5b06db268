import { expect, test } from 'vitest';
import { parseFaults } from '../../src/device/index.ts';
import { rehearse, type Rehearsal } from '../../src/fleet/rollout/rehearsal/index.ts';
import type { SpecInput } from '../../src/fleet/rollout/model/spec.ts';
import { sampleFirmware, samplePlan } from '../support/sample-plan.ts';
import { figures } from './support/processes.ts';

const firmware = sampleFirmware({ size: 10_000_000 });

async function rehearsed(devices: number, faults: string, policy: SpecInput['policy'] = {}): Promise<Rehearsal> {
  const plan = samplePlan(devices, [5, devices / 10, devices / 2, devices], { firmware, policy });
  const began = process.cpuUsage();
  const rehearsal = await rehearse({
    plan,
    faults: parseFaults(faults),
    seed: 1,
    signal: new AbortController().signal,
  });
  const { user, system } = process.cpuUsage(began);
  figures(`${devices} devices rehearsed with faults ${faults}`, {
    outcome: rehearsal.standing,
    'virtual minutes': rehearsal.durationMs / 60_000,
    'processor seconds': (user + system) / 1_000_000,
  });
  return rehearsal;
}

test('a thousand devices are rehearsed through four waves to the new firmware', async () => {
  const rehearsal = await rehearsed(1_000, 'none');
  expect(rehearsal).toMatchObject({ standing: 'completed', touched: 1_000, states: { succeeded: 1_000 } });
});

test('a thousand devices of which a third is away are rehearsed to the new firmware without a failure', async () => {
  const rehearsal = await rehearsed(1_000, 'offline=30%,slow=5%');
  expect(rehearsal).toMatchObject({ standing: 'completed', states: { succeeded: 1_000 } });
  expect(rehearsal.state.summary.failures).toBe(0);
});

test('bricks, reverts, lies and damaged downloads are each found, and nothing else', async () => {
  const faults = 'brick=20,revert=10,lie=10,corrupt=10,offline=30%';
  const rehearsal = await rehearsed(1_000, faults, { failureLimit: { rate: 0.5 }, retries: { limit: 0 } });
  expect(rehearsal.standing).toBe('completed');
  expect(rehearsal.states.succeeded).toBe(950);
  expect(rehearsal.state.summary).toMatchObject({ decided: 1_000, failures: 50 });
});

test('a bad image touches at most the canaries of a thousand devices', async () => {
  const rehearsal = await rehearsed(1_000, 'bad-image=2.0.0', { failureLimit: { rate: 0.02, minimumSample: 3 } });
  expect(rehearsal).toMatchObject({ standing: 'halted', states: { planned: 995 } });
  expect(rehearsal.touched).toBeLessThanOrEqual(5);
});

test('ten thousand devices are rehearsed', async () => {
  const rehearsal = await rehearsed(10_000, 'none');
  expect(rehearsal).toMatchObject({ standing: 'completed', states: { succeeded: 10_000 } });
});
