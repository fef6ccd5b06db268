import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlanCandidate } from '../../../../src/fleet/rollout/model/plan.ts';
import { specSchema, type Spec, type SpecInput } from '../../../../src/fleet/rollout/model/spec.ts';
import { parsePlan, planDrift, planRollout } from '../../../../src/fleet/rollout/plan/index.ts';
import { sampleFirmware } from '../../../support/sample-plan.ts';

const firmware = sampleFirmware({ minVersion: '1.0.0' });
const now = Date.parse('2026-03-02T12:00:00.000Z');

function specOf(policy: SpecInput['policy'] = {}, id = 'pump-2'): Spec {
  return specSchema.parse({ id, firmware: { name: 'pump', version: '2.0.0' }, target: { where: 'x' }, policy });
}

function device(deviceId: string, change: Partial<PlanCandidate> = {}): PlanCandidate {
  return { deviceId, enabled: true, tags: { hardware: 'pump-v2', firmwareVersion: '1.2.0' }, ...change };
}

function fleet(count: number): readonly PlanCandidate[] {
  return Array.from({ length: count }, (_, index) => device(`pump-${index}`));
}

const report = {
  attempt: 0,
  seq: 0,
  state: 'idle',
  version: '1.5.0',
  digest: 'a'.repeat(64),
  hardware: 'pump-v2',
  bootCount: 1,
} as const;

const waveOf = (
  devices: readonly { readonly deviceId: string; readonly wave: number }[],
): ReadonlyMap<string, number> => new Map(devices.map(({ deviceId, wave }) => [deviceId, wave]));

/** The ids of a plan in one wave. */
function order(list: readonly PlanCandidate[]): readonly string[] {
  return planRollout({ spec: specOf(), firmware, devices: list, now }).devices.map(({ deviceId }) => deviceId);
}

describe('planRollout', () => {
  it.each([
    [1_000, [5, '10%', '50%', '100%'], [5, 100, 500, 1_000], 0],
    [20, [5, '10%', '50%', '100%'], [5, 5, 10, 20], 0],
    [3, [5, '100%'], [3, 3], 0],
    [7, ['10%', '34%', '100%'], [1, 3, 7], 0],
    [30, ['10%', '50%'], [3, 15], 15],
    [1_000, ['0.1%', '12.5%'], [1, 125], 875],
    [0, ['100%'], [0], 0],
  ] as const)('divides %i devices into waves of %j', (count, waves, ends, leftOut) => {
    const plan = planRollout({ spec: specOf({ waves: [...waves] }), firmware, devices: fleet(count), now });
    expect(plan.waveEnds).toEqual(ends);
    expect(plan.leftOut).toBe(leftOut);
    expect(plan.devices.map(({ wave }) => wave)).toEqual(
      plan.devices.map(({ wave }) => wave).toSorted((a, b) => a - b),
    );
  });

  it('is the same plan each time, in whatever order the devices come', () => {
    const devices = fleet(50);
    const spec = specOf({ waves: [2, '30%', '100%'] });
    const plan = planRollout({ spec, firmware, devices, now });
    const again = planRollout({ spec, firmware, devices: devices.toReversed(), now: now + 1 });
    expect(again).toEqual({ ...plan, createdAt: again.createdAt });
    const other = planRollout({ spec: specOf({ waves: [2, '30%', '100%'] }, 'pump-3'), firmware, devices, now });
    expect(other.devices.map(({ deviceId }) => deviceId)).not.toEqual(plan.devices.map(({ deviceId }) => deviceId));
  });

  it('keeps the order of the others when a device comes or goes, and 10 % within 25 %', () => {
    const percent = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(59), percent, percent, (count, gone, one, two) => {
        const devices = fleet(count);
        const left = devices.filter((_, index) => index !== gone % count);
        const missing = devices[gone % count]?.deviceId;
        expect(order(left)).toEqual(order(devices).filter((deviceId) => deviceId !== missing));
        const part = (share: number): readonly string[] =>
          planRollout({ spec: specOf({ waves: [`${share}%`] }), firmware, devices, now }).devices.map(
            ({ deviceId }) => deviceId,
          );
        const [few, many] = [part(Math.min(one, two)), part(Math.max(one, two))];
        expect(many.slice(0, few.length)).toEqual(few);
      }),
      { numRuns: 50 },
    );
  });

  it('takes eager devices first and cautious ones last', () => {
    const wary = [0, '1', 1, 0.5, 0].map((wariness, index) => device(`d${index}`, { tags: tagged(wariness) }));
    const plan = planRollout({ spec: specOf(), firmware, devices: wary, now });
    const ids = plan.devices.map(({ deviceId }) => deviceId);
    expect(new Set(ids.slice(0, 2))).toEqual(new Set(['d0', 'd4']));
    expect(ids.indexOf('d1')).toBeGreaterThan(1);
    expect(ids.indexOf('d2')).toBeGreaterThan(1);
  });

  it('puts named devices into their wave and into no other', () => {
    const waves = [{ size: 2, devices: ['pump-7', 'pump-3'] }, { size: '50%', devices: ['pump-9'] }, '100%'];
    const spec = specOf({ waves });
    const plan = planRollout({ spec, firmware, devices: fleet(10), now });
    expect(plan.waveEnds).toEqual([2, 5, 10]);
    const wave = waveOf(plan.devices);
    expect([wave.get('pump-7'), wave.get('pump-3'), wave.get('pump-9')]).toEqual([0, 0, 1]);
  });

  it('lets a wave grow by the devices that it names', () => {
    const spec = specOf({ waves: [{ size: 1, devices: ['pump-1', 'pump-2'] }, '100%'] });
    expect(planRollout({ spec, firmware, devices: fleet(4), now }).waveEnds).toEqual([2, 4]);
  });

  it.each([
    [{ waves: [{ size: 1, devices: ['nobody'] }] }, 'nobody'],
    [
      {
        waves: [
          { size: 1, devices: ['pump-1'] },
          { size: 2, devices: ['pump-1'] },
        ],
      },
      'both name',
    ],
    [{ waves: ['50%', '10%'] }, '10%'],
    [{ waves: [10, '50%', 5] }, 'wave of 5'],
  ] as const)('refuses %j', (policy, words) => {
    const make = () => planRollout({ spec: specOf(policy as never), firmware, devices: fleet(3), now });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-value', message: expect.stringContaining(words) }));
  });

  it('says why a device is not offered the firmware, and counts it in no wave', () => {
    const mark = { rollout: 'other', wave: 0, attempt: 1 };
    const devices = [
      device('disabled', { enabled: false }),
      device('mismatch', { tags: { hardware: 'fan', firmwareVersion: '1.2.0' } }),
      device('unknown', { tags: { firmwareVersion: '1.2.0' } }),
      device('old', { tags: { hardware: 'pump-v2', firmwareVersion: '0.9.0' } }),
      device('versionless', { tags: { hardware: 'pump-v2', firmwareVersion: 'v1' } }),
      device('busy', { mark }),
      device('penalty', { mark: { ...mark, outcome: 'failed', penaltyUntil: new Date(now + 1).toISOString() } }),
      device('served', { mark: { ...mark, outcome: 'failed', penaltyUntil: new Date(now).toISOString() } }),
      device('done', { report: { value: { ...report, digest: firmware.manifest.sha256 }, at: now } }),
      device('reported', { tags: { hardware: 'fan', firmwareVersion: '0.1.0' }, report: { value: report, at: now } }),
    ];
    const plan = planRollout({ spec: specOf({ waves: [2] }), firmware, devices, now });
    const blocked = Object.fromEntries(plan.devices.map(({ deviceId, blocked: why }) => [deviceId, why]));
    expect(Object.values(blocked).filter((why) => why === undefined).length).toBeGreaterThanOrEqual(2);
    const all = planRollout({ spec: specOf(), firmware, devices, now });
    expect(Object.fromEntries(all.devices.map(({ deviceId, blocked: why }) => [deviceId, why]))).toEqual({
      disabled: 'disabled',
      mismatch: 'hardware-mismatch',
      unknown: 'hardware-unknown',
      old: 'below-min-version',
      versionless: 'version-unknown',
      busy: 'in-other-rollout',
      penalty: 'penalty',
      served: undefined,
      done: undefined,
      reported: undefined,
    });
    expect(all.devices.find(({ deviceId }) => deviceId === 'done')).toMatchObject({ skipped: true, version: '1.5.0' });
    const free = planRollout({
      spec: specOf({ allowUnknownHardware: true }),
      firmware,
      devices,
      now,
      others: new Set(),
    });
    const why = new Map(free.devices.map(({ deviceId, blocked: reason }) => [deviceId, reason]));
    expect([why.get('unknown'), why.get('busy')]).toEqual([undefined, undefined]);
  });
});

describe('parsePlan', () => {
  const spec = specOf({ waves: [1, '100%'], bake: '1h', gates: [{ name: 'g', command: ['true'] }] });
  const plan = planRollout({ spec, firmware, devices: fleet(4), now });
  const json = (): Record<string, unknown> => JSON.parse(JSON.stringify(plan)) as Record<string, unknown>;

  it('reads what was written', () => {
    expect(parsePlan(json())).toEqual(plan);
    expect(parsePlan({ ...json(), createdAt: '2030-01-01T00:00:00.000Z' }).digest).toBe(plan.digest);
  });

  it('refuses a plan that was changed', () => {
    expect(() => parsePlan({ ...json(), leftOut: 1 })).toThrow(expect.objectContaining({ code: 'drifted' }));
    const devices = plan.devices.toReversed();
    expect(() => parsePlan({ ...json(), devices })).toThrow(expect.objectContaining({ code: 'drifted' }));
  });

  it.each([[{ format: 2 }], [{ waveEnds: [] }], [{ more: 1 }], [{ devices: [{}] }]])('refuses %j', (change) => {
    expect(() => parsePlan({ ...json(), ...change })).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('reads no plan out of anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => parsePlan(value)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
      }),
      { numRuns: 50 },
    );
  });
});

describe('planDrift', () => {
  const devices = fleet(4);
  const plan = planRollout({ spec: specOf(), firmware, devices, now });

  it('finds nothing where nothing has changed', () => {
    expect(planDrift(plan, devices.toReversed(), firmware)).toBeUndefined();
  });

  it('says what has gone, come and changed', () => {
    const [, second, third, fourth] = devices;
    const after = [
      second!,
      { ...third!, tags: { hardware: 'pump-v2', firmwareVersion: '1.3.0' } },
      { ...fourth!, tags: { hardware: 'fan', firmwareVersion: '1.2.0' } },
      device('pump-9'),
    ];
    const other = sampleFirmware({ version: '2.0.1' });
    expect(planDrift(plan, after, other)).toEqual({
      firmware: { before: expect.any(String), after: expect.any(String) },
      gone: ['pump-0'],
      added: ['pump-9'],
      changed: [
        { deviceId: 'pump-2', version: { before: '1.2.0', after: '1.3.0' } },
        { deviceId: 'pump-3', blocked: { before: undefined, after: 'hardware-mismatch' } },
      ],
    });
  });

  it('takes what comes and goes for no drift', () => {
    const mark = { rollout: 'other', wave: 0, attempt: 1 };
    expect(planDrift(plan, [{ ...devices[0]!, enabled: false, mark }, ...devices.slice(1)], firmware)).toBeUndefined();
  });

  it('takes a device that says its version for the first time for no drift, as long as the firmware fits', () => {
    const silent = { ...devices[0]!, tags: { hardware: 'pump-v2' } };
    const early = planRollout({ spec: specOf(), firmware, devices: [silent, ...devices.slice(1)], now });
    expect(early.devices.find(({ deviceId }) => deviceId === 'pump-0')).toMatchObject({ deviceId: 'pump-0' });
    expect(planDrift(early, devices, firmware)).toBeUndefined();
  });

  it('notices a device that runs the firmware by now', () => {
    const done = { ...devices[0]!, report: { value: { ...report, digest: firmware.manifest.sha256 }, at: now } };
    expect(planDrift(plan, [done, ...devices.slice(1)], firmware)?.changed).toEqual([
      {
        deviceId: 'pump-0',
        version: { before: '1.2.0', after: '1.5.0' },
        skipped: { before: undefined, after: true },
      },
    ]);
  });

  it('compares the number of devices that are left out', () => {
    const half = planRollout({ spec: specOf({ waves: ['50%'] }), firmware, devices, now });
    expect(planDrift(half, devices, firmware)).toBeUndefined();
    expect(planDrift(half, [...devices, device('pump-9')], firmware)?.leftOut).toEqual({ before: 2, after: 3 });
  });
});

function tagged(wariness: number | string) {
  return { hardware: 'pump-v2', firmwareVersion: '1.2.0', rollout: { wariness } };
}
