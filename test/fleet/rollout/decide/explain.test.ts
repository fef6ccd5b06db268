import { describe, expect, it } from 'vitest';
import { explainDevice, type Explanation } from '../../../../src/fleet/rollout/decide/index.ts';
import { createFleet, start, type Fleet } from './fleet.ts';

const minute = 60_000;

function explain(fleet: Fleet, deviceId: string): Explanation {
  const { plan, intent, savedState: state, now, twins } = fleet;
  return explainDevice({ plan, intent, state, deviceId, device: twins.get(deviceId), now });
}

const waits = (policy: NonNullable<Parameters<typeof createFleet>[0]['policy']>): unknown => {
  const fleet = createFleet({ count: 3, policy, tags: () => ({ site: 'a' }) });
  fleet.step();
  return explain(fleet, fleet.ids()[2] ?? '').waitsFor;
};

describe('explainDevice', () => {
  it('says that a device does not belong to the rollout', () => {
    const explanation = explain(createFleet({ count: 1 }), 'nobody');
    expect(explanation.place).toBeUndefined();
  });

  it('says which wave has to pass first', () => {
    const fleet = createFleet({ count: 4, policy: { waves: [1, '100%'] } });
    const last = fleet.ids()[3] ?? '';
    expect(explain(fleet, last).waitsFor).toEqual([{ kind: 'wave', wave: 1, current: undefined }]);
    fleet.step();
    expect(explain(fleet, last)).toMatchObject({
      place: { wave: 1, position: 3, isOpen: false, joined: false },
      state: 'planned',
      waitsFor: [{ kind: 'wave', wave: 1, current: 0 }],
      advice: [],
    });
  });

  it('says what a silent device becomes, and when', () => {
    const fleet = createFleet({ count: 1, policy: { timeouts: { install: '5m' } } });
    fleet.step();
    fleet.say('d0000', { state: 'installing', message: 'writing slot b' });
    expect(explain(fleet, 'd0000')).toMatchObject({
      state: 'installing',
      attempt: 1,
      message: 'writing slot b',
      next: { at: start + 5 * minute, state: 'lost' },
    });
    fleet.pass(5 * minute);
    fleet.step();
    expect(explain(fleet, 'd0000')).toMatchObject({
      state: 'lost',
      code: 'install-timeout',
      meaning: 'Silent since the installation began.',
      advice: ['look-at-device'],
    });
  });

  it('says when a failed device is tried again, and that nobody has to do anything', () => {
    const fleet = createFleet({ count: 1, policy: { failureLimit: { rate: 1 } } });
    fleet.step();
    fleet.say('d0000', { state: 'failed', code: 'download-failed' });
    fleet.step();
    fleet.step();
    const { waitsFor, failures, advice } = explain(fleet, 'd0000');
    expect(waitsFor).toEqual([{ kind: 'retry', at: expect.any(Number) }]);
    expect([failures, advice]).toEqual([1, []]);
  });

  it.each([
    [{ enabled: false }, 'disabled', ['enable']],
    [{ report: undefined as never }, 'hardware-unknown', ['report-hardware']],
    [{ mark: { rollout: 'other', wave: 0, attempt: 1 } }, 'in-other-rollout', ['look-at-other-rollout']],
  ] as const)('says what blocks a device: %j', (change, reason, advice) => {
    const fleet = createFleet({ count: 2 });
    fleet.put('d0000', change);
    fleet.step();
    expect(explain(fleet, 'd0000')).toMatchObject({
      state: 'blocked',
      waitsFor: [{ kind: 'blocked', reason }],
      advice,
    });
  });

  it('says which limit is in the way', () => {
    expect(waits({ maxInProgress: 1 })).toEqual([{ kind: 'places', inProgress: 1 }]);
    expect(waits({ rate: { perMinute: 6 } })).toEqual([{ kind: 'rate', at: start + 10_000 }]);
    expect(waits({ faultDomain: { tag: 'site', max: 1 } })).toEqual([{ kind: 'fault-domain', domain: 'a' }]);
    expect(waits({ window: { from: '13:00', to: '14:00', download: 'in-window' } })).toEqual([
      { kind: 'window', at: start + 60 * minute },
    ]);
  });

  it('says that a rollout waits for a person, or is over', () => {
    const fleet = createFleet({ count: 2, policy: { waves: [1, { size: '100%', approval: true }], bake: 0 } });
    fleet.step();
    fleet.confirm(fleet.ids()[0] ?? '');
    fleet.step();
    const last = fleet.ids()[1] ?? '';
    expect(explain(fleet, last)).toMatchObject({ waitsFor: [{ kind: 'halt' }, { kind: 'wave' }], advice: ['approve'] });
    fleet.intent = { ending: 'abort' };
    fleet.step();
    expect(explain(fleet, last)).toMatchObject({ state: 'canceled', waitsFor: [{ kind: 'ended' }], advice: [] });
  });
});
