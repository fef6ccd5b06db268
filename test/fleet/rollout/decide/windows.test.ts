import { describe, expect, it } from 'vitest';
import { policySchema, type Policy } from '../../../../src/fleet/rollout/model/spec.ts';
import { createWindows } from '../../../../src/fleet/rollout/decide/windows.ts';
import { createFleet, start, type FleetOptions } from './fleet.ts';

const minute = 60_000;
const hour = 60 * minute;

function find(window: NonNullable<FleetOptions['policy']>['window'], zone: string | undefined, at: string): string[] {
  const parsed = policySchema.parse({ window }).window as NonNullable<Policy['window']>;
  const { opens, closes } = createWindows(parsed)(zone, Date.parse(at));
  return [opens, closes].map((time) => new Date(time).toISOString().slice(0, 16));
}

const tags = (index: number) => ({ timezone: index === 0 ? 'UTC' : 'Europe/Berlin' });

describe('maintenance windows', () => {
  it.each([
    // window, zone, at, opens, closes
    [{ from: '01:00', to: '04:00' }, undefined, '2026-03-02T00:59:59Z', '2026-03-02T01:00', '2026-03-02T04:00'],
    [{ from: '01:00', to: '04:00' }, undefined, '2026-03-02T01:00:00Z', '2026-03-02T01:00', '2026-03-02T04:00'],
    [{ from: '01:00', to: '04:00' }, undefined, '2026-03-02T04:00:00Z', '2026-03-03T01:00', '2026-03-03T04:00'],
    [{ from: '22:00', to: '02:00' }, undefined, '2026-03-02T01:00:00Z', '2026-03-01T22:00', '2026-03-02T02:00'],
    [{ from: '01:00', to: '04:00' }, 'Europe/Berlin', '2026-03-02T12:00:00Z', '2026-03-03T00:00', '2026-03-03T03:00'],
    [{ from: '01:00', to: '04:00' }, 'Asia/Kolkata', '2026-03-02T12:00:00Z', '2026-03-02T19:30', '2026-03-02T22:30'],
    [
      { from: '01:00', to: '04:00' },
      'Pacific/Kiritimati',
      '2026-03-02T12:00:00Z',
      '2026-03-02T11:00',
      '2026-03-02T14:00',
    ],
    [{ from: '01:00', to: '04:00' }, 'Nowhere/Land', '2026-03-02T12:00:00Z', '2026-03-03T01:00', '2026-03-03T04:00'],
    [
      { from: '01:00', to: '04:00', days: ['sat'] },
      undefined,
      '2026-03-02T12:00:00Z',
      '2026-03-07T01:00',
      '2026-03-07T04:00',
    ],
    [
      { from: '22:00', to: '02:00', days: ['sun'] },
      undefined,
      '2026-03-02T01:00:00Z',
      '2026-03-01T22:00',
      '2026-03-02T02:00',
    ],
    // The clock goes from 02:00 to 03:00 on 29 March in Berlin, and back from 03:00 to 02:00 on 25 October.
    [{ from: '01:00', to: '04:00' }, 'Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-29T00:00', '2026-03-29T02:00'],
    [{ from: '02:30', to: '04:00' }, 'Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-29T01:30', '2026-03-29T02:00'],
    [{ from: '01:00', to: '04:00' }, 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-24T23:00', '2026-10-25T03:00'],
    [{ from: '02:30', to: '02:45' }, 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T00:30', '2026-10-25T00:45'],
    // In Lord Howe it goes by half an hour.
    [
      { from: '01:00', to: '03:00' },
      'Australia/Lord_Howe',
      '2026-04-04T12:00:00Z',
      '2026-04-04T14:00',
      '2026-04-04T16:30',
    ],
  ] as const)('%j in %s after %s', (window, zone, at, opens, closes) => {
    const { days, ...times } = { days: undefined, ...window };
    expect(find({ ...times, ...(days && { days: [...days] }) }, zone, at)).toEqual([opens, closes]);
  });

  it('are always open when they have no length', () => {
    const window = policySchema.parse({ window: { from: '00:00', to: '00:00' } }).window;
    expect(createWindows(window as NonNullable<Policy['window']>)('UTC', start)).toEqual({
      opens: -Infinity,
      closes: Infinity,
    });
  });
});

describe('a rollout with a window', () => {
  it('offers at once, and tells the device when it may install', () => {
    const fleet = createFleet({ count: 2, policy: { window: { from: '13:00', to: '14:00' } } });
    const { actions } = fleet.step();
    expect(actions).toMatchObject([
      { kind: 'offer', notBefore: '2026-03-02T13:00:00.000Z' },
      { kind: 'offer', notBefore: '2026-03-02T13:00:00.000Z' },
    ]);
    const open = createFleet({ count: 1, policy: { window: { from: '11:00', to: '14:00' } } });
    expect(open.step().actions).toEqual([expect.not.objectContaining({ notBefore: expect.anything() })]);
  });

  it('offers in the window only when devices are to download then', () => {
    const window = { from: '13:00', to: '14:00', download: 'in-window' } as const;
    const fleet = createFleet({ count: 2, tags, policy: { window } });
    const { state, nextAt } = fleet.step();
    expect(fleet.offers.map(({ deviceId }) => deviceId)).toEqual(['d0001']);
    expect(state.summary).toMatchObject({ blocked: { 'outside-window': 1 } });
    expect(nextAt).toBeLessThanOrEqual(start + hour);
    fleet.pass(hour);
    fleet.step();
    expect(fleet.offers.map(({ deviceId }) => deviceId)).toEqual(['d0001', 'd0000']);
  });

  it('waits at a staged device until its window opens', () => {
    const fleet = createFleet({ count: 1, policy: { window: { from: '18:00', to: '19:00' } } });
    fleet.step();
    fleet.say('d0000', { state: 'staged' });
    fleet.pass(6 * hour);
    expect(fleet.step().state.summary.waves[0]?.states).toEqual({ staged: 1 });
  });

  it('takes back what has not begun when the window is over, and offers it again for the next', () => {
    const fleet = createFleet({ count: 2, policy: { window: { from: '13:00', to: '14:00' } } });
    fleet.step();
    fleet.say('d0000', { state: 'staged' });
    fleet.put('d0001', { connected: false });
    fleet.pass(90 * minute);
    fleet.say('d0000', { state: 'deferred', until: new Date(fleet.now + hour).toISOString() });
    fleet.step();
    fleet.pass(30 * minute);
    fleet.step();
    expect(fleet.twin('d0000').mark).toMatchObject({ outcome: 'canceled', code: 'window-over' });
    expect(fleet.twin('d0001').mark).toMatchObject({ outcome: 'unreached', code: 'window-over' });
    expect(fleet.twin('d0001').offer).toBeUndefined();
    const { actions } = fleet.step();
    const next = { kind: 'offer', notBefore: '2026-03-03T13:00:00.000Z' };
    // How often it has put the update off is not forgotten.
    expect(actions).toMatchObject([{ ...next, deviceId: 'd0000', mark: { attempt: 2, deferrals: { count: 1 } } }]);
    fleet.put('d0001', { connected: true });
    expect(fleet.step().actions).toMatchObject([{ ...next, deviceId: 'd0001', mark: { attempt: 2 } }]);
  });
});
