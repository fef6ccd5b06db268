import { describe, expect, it } from 'vitest';
import { nextTokenAt, perMinuteNow, refill } from '../../../../src/fleet/rollout/decide/rate.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts';

const minute = 60_000;

function fleetOf(count: number, policy: FleetOptions['policy']): Fleet {
  return createFleet({ count, policy: { bake: 0, ...policy } });
}

/** Decides once a second for so long. */
function run(fleet: Fleet, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    fleet.step();
    fleet.pass(1_000);
  }
}

const tags = (index: number) => (index === 5 ? {} : { site: { name: index < 3 ? 'north' : 'south' } });

function failing(fleet: Fleet, count: number): void {
  for (const id of fleet.ids().slice(0, count)) fleet.say(id, { state: 'reverted', code: 'self-test-failed' });
}

describe('the rate of offers', () => {
  it('is kept from the first minute on', () => {
    const fleet = fleetOf(100, { rate: { perMinute: 12 } });
    run(fleet, 60);
    expect(fleet.offers).toHaveLength(12);
    run(fleet, 60);
    expect(fleet.offers).toHaveLength(24);
  });

  it('does not save up for longer than five seconds', () => {
    const fleet = fleetOf(100, { rate: { perMinute: 60 } });
    fleet.step();
    fleet.pass(10 * minute);
    fleet.step();
    expect(fleet.offers).toHaveLength(6);
  });

  it('says when the next one comes', () => {
    const fleet = fleetOf(5, { rate: { perMinute: 12 } });
    fleet.step();
    expect(fleet.look().nextAt).toBeLessThanOrEqual(fleet.now + 5_000);
    expect(nextTokenAt(0.5, 60, 0)).toBe(500);
    expect(nextTokenAt(1, 60, 7)).toBe(7);
  });

  it('grows with what was notified, or has succeeded', () => {
    const rate = { base: 10, factor: 2, stepBy: 'succeeded', every: 5 } as const;
    const at = (succeeded: number) => perMinuteNow({ rate }, { succeeded, notified: 100 });
    expect([at(0), at(4), at(5), at(10), at(1_000)]).toEqual([10, 10, 20, 40, 1_000_000]);
    expect(perMinuteNow({ rate: { ...rate, stepBy: 'notified' } }, { succeeded: 0, notified: 5 })).toBe(20);
  });

  it('comes to the same however often one looks', () => {
    const rate = { tokens: 0, at: 0, perMinute: 7 };
    const once = refill(rate, 8_000);
    const often = refill({ ...rate, tokens: refill(rate, 3_000), at: 3_000 }, 8_000);
    expect(often).toBeCloseTo(once, 9);
    // A clock that goes back gives nothing, and takes nothing.
    expect(refill({ ...rate, tokens: 0.5, at: 10_000 }, 0)).toBe(0.5);
  });
});

describe('places', () => {
  it('are taken by devices in progress, and free again when they are decided', () => {
    const fleet = fleetOf(5, { maxInProgress: 2 });
    fleet.step();
    fleet.step();
    expect(fleet.offers).toHaveLength(2);
    fleet.confirm(fleet.offers[0]?.deviceId ?? '');
    fleet.step();
    expect(fleet.offers).toHaveLength(3);
    expect(fleet.state.summary.inProgress).toBe(2);
  });

  it('are not given to devices that are away, and taken back from one that goes', () => {
    const fleet = fleetOf(2, { maxInProgress: 1, timeouts: { stall: '1m', offer: '1h' } });
    const [first = '', second = ''] = fleet.ids();
    fleet.put(first, { connected: false });
    fleet.step();
    expect(fleet.offers.map(({ deviceId }) => deviceId)).toEqual([second]);
    fleet.put(second, { connected: false });
    fleet.put(first, { connected: true });
    fleet.pass(minute);
    fleet.step();
    expect(fleet.twin(second)).toMatchObject({ mark: { outcome: 'unreached', code: 'silent' } });
    expect(fleet.twin(second).offer).toBeUndefined();
    expect(fleet.offers.map(({ deviceId }) => deviceId)).toEqual([second, first]);
    fleet.confirm(first);
    fleet.put(second, { connected: true });
    fleet.step();
    expect(fleet.offers.at(-1)).toMatchObject({ deviceId: second, attempt: 2 });
  });

  it('are counted by the fault domain of devices', () => {
    const fleet = createFleet({ count: 6, tags, policy: { faultDomain: { tag: 'site.name', max: 1 } } });
    fleet.step();
    const sites = fleet.offers.map(({ deviceId }) => JSON.stringify(fleet.twin(deviceId).tags['site'] ?? null));
    expect(sites.toSorted()).toEqual(['null', '{"name":"north"}', '{"name":"south"}'].toSorted());
    expect(fleet.state.summary).toMatchObject({ blocked: { 'fault-domain': 3 } });
  });
});

describe('the failure limit', () => {
  it('stops everything when more have failed than it says', () => {
    const fleet = fleetOf(10, { failureLimit: { count: 1 }, rate: { perMinute: 60 } });
    run(fleet, 4);
    failing(fleet, 1);
    expect(fleet.step().state.phase).toBe('running');
    failing(fleet, 2);
    const offered = fleet.offers.length;
    expect(fleet.step().state).toMatchObject({ phase: 'paused', halt: { kind: 'failure-limit', failures: 2 } });
    run(fleet, 10);
    expect(fleet.offers).toHaveLength(offered);
  });

  it('counts shares from its minimum sample on', () => {
    const fleet = fleetOf(20, { failureLimit: { rate: 0.5, minimumSample: 4 } });
    fleet.step();
    fleet.step();
    failing(fleet, 3);
    expect(fleet.step().state.phase).toBe('running');
    failing(fleet, 4);
    expect(fleet.step().state.phase).toBe('paused');
  });

  it('makes do with fewer when the wave is through', () => {
    const fleet = fleetOf(20, { waves: [2, '100%'], failureLimit: { rate: 0.1, minimumSample: 10 } });
    fleet.step();
    fleet.step();
    const [first = '', second = ''] = fleet.ids();
    fleet.say(first, { state: 'reverted' });
    fleet.confirm(second);
    expect(fleet.step().state).toMatchObject({ phase: 'paused', waves: [{}], halt: { kind: 'failure-limit' } });
    expect(fleet.offers).toHaveLength(2);
  });

  it('counts what is decided: not what is unreached, blocked, or tried again', () => {
    const fleet = fleetOf(4, { failureLimit: { count: 0 }, timeouts: { offer: '1m' } });
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.put(first, { connected: false });
    fleet.put(second, { enabled: false });
    fleet.step();
    fleet.say(third, { state: 'failed', code: 'download-failed' });
    fleet.pass(minute);
    expect(fleet.step().state).toMatchObject({ phase: 'running', summary: { decided: 0, failures: 0 } });
  });

  it('is pardoned by a resume up to what has failed by then', () => {
    const fleet = fleetOf(10, { failureLimit: { count: 1 }, maxInProgress: 4 });
    fleet.step();
    fleet.step();
    failing(fleet, 2);
    expect(fleet.step().state.phase).toBe('paused');
    const { decided, failures } = fleet.state.summary;
    fleet.intent = { resumes: 1, pardoned: { decided, failures } };
    const { state, findings } = fleet.step();
    expect(state).toMatchObject({ phase: 'running', resumes: 1 });
    expect(findings.map(({ action }) => action)).toContain('resumed');
    failing(fleet, 3);
    expect(fleet.step().state.phase).toBe('running');
    failing(fleet, 4);
    expect(fleet.step().state.phase).toBe('paused');
  });

  it('ends the rollout as its policy says', () => {
    const fleet = fleetOf(6, { failureLimit: { count: 0 }, onFailure: 'abort', maxInProgress: 3 });
    fleet.step();
    fleet.step();
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.say(first, { state: 'reverted' });
    fleet.say(second, { state: 'installing' });
    expect(fleet.step().state.phase).toBe('aborting');
    expect(fleet.twin(third)).toMatchObject({ mark: { outcome: 'canceled', code: 'aborted' } });
    expect(fleet.twin(third).offer).toBeUndefined();
    expect(fleet.step().state.phase).toBe('aborting');
    fleet.confirm(second);
    fleet.step();
    expect(fleet.step().state).toMatchObject({
      phase: 'aborted',
      halt: { kind: 'failure-limit' },
      summary: { waves: [{ states: { canceled: 4, reverted: 1, succeeded: 1 } }] },
    });
  });

  it('loses nobody to trouble of the hub', () => {
    const fleet = fleetOf(2, { failureLimit: { count: 0 }, retries: { limit: 0, backoff: '1s' } });
    const [first = ''] = fleet.ids();
    fleet.step();
    fleet.trouble = 'the file is gone';
    fleet.say(first, { state: 'failed', code: 'download-failed' });
    expect(fleet.step().state).toMatchObject({ phase: 'paused', halt: { kind: 'trouble' }, summary: { failures: 0 } });
    fleet.pass(minute);
    expect(fleet.step().state.summary.failures).toBe(0);
    fleet.trouble = undefined;
    expect(fleet.step().state.phase).toBe('running');
    expect(fleet.offers.at(-1)).toMatchObject({ deviceId: first, attempt: 2 });
  });
});

describe('a pause', () => {
  it('offers nothing, takes back what is only announced, and follows what is under way', () => {
    const fleet = fleetOf(4, { maxInProgress: 2 });
    fleet.state = fleet.look().state;
    expect(fleet.state.offering).toHaveLength(2);
    fleet.intent = { paused: true };
    expect(fleet.step().state).toMatchObject({ phase: 'paused', halt: { kind: 'operator' }, offering: [] });
    expect(fleet.offers).toEqual([]);
    fleet.intent = { paused: false };
    fleet.step();
    fleet.intent = { paused: true };
    fleet.step();
    fleet.confirm(fleet.offers[0]?.deviceId ?? '');
    expect(fleet.step().state.summary).toMatchObject({ decided: 1 });
    expect(fleet.offers).toHaveLength(2);
  });
});
