import { describe, expect, it } from 'vitest';
import { parseFaults } from '../../../../src/device/index.ts';
import { rehearse, type Rehearsal, type RehearsalRequest } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import type { SpecInput } from '../../../../src/fleet/rollout/model/spec.ts';
import { signManifest } from '../../../../src/protocol/firmware/index.ts';
import { manifestFor, newKey, trustOf } from '../../../support/firmware.ts';
import { failureOf } from '../../../support/memory-hub.ts';
import { sampleFirmware, samplePlan } from '../../../support/sample-plan.ts';

const firmware = sampleFirmware({ size: 10_000_000 });

function rehearsed(
  faults: string,
  options: {
    readonly policy?: SpecInput['policy'];
    readonly devices?: number;
    readonly request?: Partial<RehearsalRequest>;
  } = {},
): Promise<Rehearsal> {
  const { policy, devices = 40, request } = options;
  const plan = samplePlan(devices, [5, Math.floor(devices / 2), devices], { firmware, ...(policy && { policy }) });
  return rehearse({ plan, faults: parseFaults(faults), seed: 1, signal: new AbortController().signal, ...request });
}

const told = ({ changes }: Rehearsal): string[] =>
  changes.map((change) => ('wave' in change ? `${change.kind} ${change.wave}` : change.kind));

describe('rehearsing a rollout', () => {
  it('brings every device to the firmware, wave after wave, in virtual time', async () => {
    const rehearsal = await rehearsed('none');
    expect(rehearsal).toMatchObject({ standing: 'completed', touched: 40, devices: 40, states: { succeeded: 40 } });
    expect(told(rehearsal)).toEqual([
      'wave-opened 1',
      'phase',
      'wave-closed 1',
      'wave-opened 2',
      'wave-closed 2',
      'wave-opened 3',
      'wave-closed 3',
      'phase',
    ]);
    expect(rehearsal.durationMs).toBeGreaterThan(3 * 300_000);
  });

  it('gives the same rehearsal for the same seed, and another for another', async () => {
    const faults = 'brick=2,revert=3,offline=30%,corrupt=1';
    const some = { devices: 20 };
    const first = await rehearsed(faults, some);
    const again = await rehearsed(faults, some);
    const other = await rehearsed(faults, { ...some, request: { seed: 2 } });
    expect(again.changes).toEqual(first.changes);
    expect(again.state).toEqual(first.state);
    expect(other.changes).not.toEqual(first.changes);
  });

  it('stops a bad image at the canaries', async () => {
    const rehearsal = await rehearsed('bad-image=2.0.0', { policy: { failureLimit: { rate: 0.1, minimumSample: 3 } } });
    expect(rehearsal).toMatchObject({ standing: 'halted', halt: { kind: 'failure-limit' }, states: { planned: 35 } });
    expect(rehearsal.touched).toBeLessThanOrEqual(5);
  });

  it('counts devices that do not come back as lost, and stops at the canaries', async () => {
    const rehearsal = await rehearsed('brick-image=2.0.0', {
      policy: { failureLimit: { count: 2, minimumSample: 10 } },
    });
    expect(rehearsal).toMatchObject({ standing: 'halted', touched: 5, states: { planned: 35, lost: 5 } });
  });

  it('does not count devices that are away', async () => {
    const rehearsal = await rehearsed('offline=50%');
    expect(rehearsal).toMatchObject({ standing: 'completed', states: { succeeded: 40 } });
    expect(rehearsal.state.summary.failures).toBe(0);
  });

  it('finds devices that lie about what they run', async () => {
    const rehearsal = await rehearsed('lie=4', { policy: { failureLimit: { rate: 0.5 } } });
    expect(rehearsal.states.succeeded).toBe(36);
    expect(rehearsal.state.summary.failures).toBe(4);
  });

  it('ends with an abort where the policy says so', async () => {
    const policy = { failureLimit: { rate: 0.1, minimumSample: 3 }, onFailure: 'abort' } as const;
    const rehearsal = await rehearsed('bad-image=2.0.0', { policy });
    expect(rehearsal).toMatchObject({ standing: 'aborted', phase: 'aborted' });
  });

  it('needs nobody for an approval, and says that one was given', async () => {
    const policy = { waves: [5, { size: 20, approval: true }, '100%'] } satisfies SpecInput['policy'];
    const rehearsal = await rehearsed('none', { policy });
    expect(rehearsal.standing).toBe('completed');
    expect(told(rehearsal)).toContain('approved 2');
  });

  it('has devices say what they run and what they are as the plan knows it', async () => {
    const plan = samplePlan(6, [6], { firmware });
    const [first, second, third] = plan.devices;
    const devices = [
      { ...first, skipped: true },
      { ...second, blocked: 'hardware-mismatch' },
      { ...third, blocked: 'disabled' },
      ...plan.devices.slice(3),
    ] as typeof plan.devices;
    const rehearsal = await rehearsed('none', { request: { plan: { ...plan, devices } } });
    expect(rehearsal).toMatchObject({ touched: 3, states: { succeeded: 3, skipped: 1 } });
    expect(rehearsal.state.summary.blocked).toEqual({ 'hardware-mismatch': 1, disabled: 1 });
  });
});

describe('signatures in a rehearsal', () => {
  const key = newKey();
  const signed = signManifest(manifestFor('new', { hardware: ['pump-v2'], minVersion: '1.0.0' }), key);
  const plan = samplePlan(5, [5], { firmware: signed });

  it('are those of the release, for devices that trust it', async () => {
    const rehearsal = await rehearsed('none', { request: { plan, trust: trustOf([key]) } });
    expect([rehearsal.standing, rehearsal.notes]).toEqual(['completed', []]);
  });

  it('are refused by devices that trust another key', async () => {
    const rehearsal = await rehearsed('none', { request: { plan, trust: trustOf([newKey()]) } });
    expect(rehearsal.states).toEqual({ rejected: 5 });
    expect(rehearsal.state.summary.failuresByCode).toEqual({ 'key-unknown': 5 });
  });
});

describe('gates in a rehearsal', () => {
  const gates = [
    { name: 'warm', telemetry: { field: 'motor.temperature', aggregate: 'p95', over: 300 }, pass: '<= 80' },
    { name: 'new', twin: { where: "properties.reported.firmware.state = 'confirmed'" }, pass: '>= 0.99' },
    { name: 'well', twin: { where: "properties.reported.health = 'ok'" }, pass: '>= 0.99' },
    { name: 'asked', command: ['ask-somebody'] },
  ] satisfies NonNullable<SpecInput['policy']>['gates'];

  it('are measured where they can be, and pass where they cannot', async () => {
    const rehearsal = await rehearsed('none', { policy: { gates } });
    expect(rehearsal.standing).toBe('completed');
    expect(rehearsal.changes.find((change) => change.kind === 'gate' && change.gate === 'warm')).toMatchObject({
      verdict: 'pass',
      value: 72,
    });
    expect(rehearsal.notes).toEqual([
      expect.stringContaining('signatures'),
      'gate warm: telemetry is simulated, motor.temperature at 72 on every device',
      'gate well: not measured, taken as passed',
      'gate asked: not measured, taken as passed',
    ]);
  });

  it.each([
    ['fail', 'halted', 'gate-failed'],
    ['inconclusive', 'needs-person', 'gate-inconclusive'],
  ] as const)('have the verdict that is given: %s', async (verdict, standing, kind) => {
    const rehearsal = await rehearsed('none', {
      policy: { gates },
      request: { verdicts: new Map([['asked', verdict]]) },
    });
    expect(rehearsal).toMatchObject({ standing, halt: { kind, wave: 0, gate: 'asked' }, touched: 5 });
  });

  it('are refused when the rollout has no such gate', async () => {
    const verdicts = new Map([['other', 'fail' as const]]);
    expect(await failureOf(rehearsed('none', { policy: { gates }, request: { verdicts } }))).toMatchObject({
      code: 'invalid-value',
      hint: 'its gates: warm, new, well, asked',
    });
    expect(await failureOf(rehearsed('none', { request: { verdicts } }))).toMatchObject({ hint: 'it has no gates' });
  });
});
