import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../../src/fleet/rollout/model/decision.ts';
import { createFleet, target, type Fleet, type FleetOptions } from './fleet.ts';

const minute = 60_000;

/** One wave of two devices, and the rest. */
function twoWaves(policy: FleetOptions['policy'] = {}, count = 6): Fleet {
  const fleet = createFleet({ count, policy: { waves: [2, '100%'], bake: '5m', ...policy } });
  fleet.step();
  fleet.step();
  return fleet;
}

const actionsOf = ({ actions }: Decision, kind: string): readonly Decision['actions'][number][] =>
  actions.filter((action) => action.kind === kind);

function succeed(fleet: Fleet, ids: readonly string[]): void {
  for (const id of ids) fleet.confirm(id);
  fleet.pass(5 * minute);
}

/** Measures when it is due. */
function measure(fleet: Fleet, verdict: 'pass' | 'fail' | 'inconclusive'): Decision {
  expect(actionsOf(fleet.step(), 'measure')).toEqual([{ kind: 'measure', wave: 0, gate: 'heat' }]);
  fleet.measure(0, 'heat', verdict);
  const decision = fleet.step();
  fleet.pass(minute);
  return decision;
}

describe('waves', () => {
  it('opens the next one when every device is decided and has baked', () => {
    const fleet = twoWaves();
    const [first = '', second = ''] = fleet.ids();
    expect(fleet.offers.map(({ deviceId }) => deviceId)).toEqual([first, second]);
    succeed(fleet, [first]);
    expect(fleet.step().state.waves).toHaveLength(1);
    fleet.confirm(second);
    fleet.pass(5 * minute - 1);
    expect(fleet.step().state.waves).toHaveLength(1);
    fleet.pass(1);
    const { state, findings } = fleet.step();
    expect(state.waves[0]).toMatchObject({ settledAt: fleet.now, closedAt: fleet.now });
    expect(findings.map(({ action }) => action)).toEqual([
      'wave-passed',
      'wave-opened',
      'offered',
      'offered',
      'offered',
      'offered',
      'device-decided',
    ]);
  });

  it('says when to decide next', () => {
    const fleet = twoWaves({ timeouts: { install: '30s' } });
    const [first = ''] = fleet.ids();
    fleet.say(first, { state: 'installing' });
    expect(fleet.step().nextAt).toBe(fleet.now + 30_000);
  });

  it('does not wait for devices that are not connected, but for one that has begun', () => {
    const fleet = twoWaves();
    const [first = '', second = ''] = fleet.ids();
    fleet.put(second, { connected: false });
    succeed(fleet, [first]);
    expect(fleet.step().state.waves).toHaveLength(2);
    const other = twoWaves();
    other.say(second, { state: 'downloading' });
    other.put(second, { connected: false });
    succeed(other, [first]);
    expect(other.step().state.waves).toHaveLength(1);
  });

  it('waits for a failed device that is tried again', () => {
    const fleet = twoWaves({ failureLimit: { rate: 1 } });
    const [first = '', second = ''] = fleet.ids();
    fleet.say(second, { state: 'failed', code: 'download-failed' });
    fleet.confirm(first);
    fleet.step();
    fleet.pass(5 * minute);
    expect(fleet.step().state.waves).toHaveLength(1);
    expect(fleet.offers.at(-1)).toMatchObject({ deviceId: second, attempt: 2 });
    fleet.step();
    succeed(fleet, [second]);
    expect(fleet.step().state).toMatchObject({ waves: [{}, {}], summary: { failures: 0 } });
  });

  it('asks for a person when nobody of a wave was reached in the time of an offer', () => {
    const fleet = twoWaves({ timeouts: { offer: '1h' } });
    const [first = '', second = ''] = fleet.ids();
    for (const id of [first, second]) fleet.put(id, { connected: false });
    fleet.step();
    fleet.pass(60 * minute);
    expect(fleet.step().state).toMatchObject({ phase: 'paused', halt: { kind: 'wave-unreached', wave: 0 } });
    // It goes on by itself when one appears.
    fleet.pass(1);
    fleet.put(first, { connected: true });
    fleet.say(first, { state: 'downloading' });
    expect(fleet.step().state.phase).toBe('running');
    fleet.put(first, { connected: false });
    fleet.pass(60 * minute);
    fleet.intent = { promoted: [0] };
    expect(fleet.step().state).toMatchObject({ phase: 'running', waves: [{}, {}] });
  });

  it('opens a wave that needs it only after approval', () => {
    const fleet = twoWaves({ waves: [2, { size: '100%', approval: true }] });
    succeed(fleet, fleet.ids().slice(0, 2));
    expect(fleet.step().state).toMatchObject({ phase: 'paused', halt: { kind: 'approval', wave: 1 } });
    expect(fleet.offers).toHaveLength(2);
    fleet.intent = { approved: [1] };
    expect(fleet.step().state).toMatchObject({ phase: 'running', waves: [{}, {}] });
    expect(fleet.offers).toHaveLength(6);
  });

  it('needs an approval for the first wave too', () => {
    const fleet = createFleet({ count: 2, policy: { waves: [{ size: '100%', approval: true }] } });
    expect(fleet.step().state).toMatchObject({ halt: { kind: 'approval', wave: 0 }, waves: [] });
    fleet.intent = { approved: [0] };
    fleet.step();
    expect(fleet.offers).toHaveLength(2);
  });

  it('opens the next one at once when a person overrules its gate', () => {
    const fleet = twoWaves();
    fleet.intent = { promoted: [0] };
    const { state, findings } = fleet.step();
    expect(state.waves).toMatchObject([{ closedAt: fleet.now }, { openedAt: fleet.now }]);
    expect(findings[0]).toEqual({ action: 'wave-overruled', details: { wave: 1 } });
  });

  it('passes over waves in which nobody has to be updated', () => {
    const fleet = createFleet({ count: 3, policy: { waves: [1, '34%', '100%'], bake: 0 } });
    fleet.step();
    fleet.confirm(fleet.ids()[0] ?? '');
    expect(fleet.step().state.waves.length).toBe(2);
    const done = createFleet({ count: 2 });
    for (const id of done.ids()) done.say(id, { state: 'idle', digest: target });
    expect(done.step().state).toMatchObject({ phase: 'completed', summary: { waves: [{ states: { skipped: 2 } }] } });
  });
});

describe('gates', () => {
  const gate = { name: 'heat', command: ['check'], interval: '1m', count: 2, initialDelay: '30s', failureLimit: 1 };

  function settled(policy: FleetOptions['policy'] = {}): Fleet {
    const fleet = twoWaves({ gates: [gate], ...policy });
    succeed(fleet, fleet.ids().slice(0, 2));
    fleet.step();
    return fleet;
  }

  it('are measured after the wave is decided, when they are due', () => {
    const fleet = settled();
    const first = fleet.step();
    expect(first.state.waves[0]).toMatchObject({ settledAt: fleet.now });
    expect(actionsOf(first, 'measure')).toEqual([]);
    expect(first.nextAt).toBe(fleet.now + 30_000);
    fleet.pass(30_000);
    expect(measure(fleet, 'pass').nextAt).toBe(fleet.now);
    const last = measure(fleet, 'pass');
    expect(last.state.waves).toMatchObject([{ gates: [{ measured: 2, verdict: 'pass' }] }, {}]);
    expect(last.findings[0]).toMatchObject({ action: 'gate-decided', details: { wave: 1, gate: 'heat' } });
  });

  it('put up with some failed measurements, and halt by more', () => {
    const fleet = settled();
    fleet.pass(30_000);
    expect(measure(fleet, 'fail').state.phase).toBe('running');
    expect(measure(fleet, 'fail').state).toMatchObject({
      phase: 'paused',
      halt: { kind: 'gate-failed', wave: 0, gate: 'heat' },
    });
    expect(fleet.step().state.phase).toBe('paused');
    fleet.intent = { resumes: 1 };
    expect(measure(fleet, 'pass').state).toMatchObject({ phase: 'running', waves: [{ gates: [{ measured: 1 }] }] });
    expect(measure(fleet, 'pass').state.waves).toHaveLength(2);
  });

  it('halt for a person when they cannot be measured, and are overruled by one', () => {
    const fleet = settled({ gates: [{ ...gate, inconclusiveLimit: 0 }], onFailure: 'abort' });
    fleet.pass(30_000);
    expect(measure(fleet, 'inconclusive').state).toMatchObject({
      phase: 'paused',
      halt: { kind: 'gate-inconclusive' },
    });
    fleet.intent = { promoted: [0] };
    expect(fleet.step().state).toMatchObject({ phase: 'running', waves: [{}, {}] });
  });

  it('end the rollout as its policy says', () => {
    const fleet = settled({ gates: [{ ...gate, failureLimit: 0 }], onFailure: 'abort' });
    fleet.pass(30_000);
    expect(measure(fleet, 'fail').state).toMatchObject({ phase: 'aborted', halt: { kind: 'gate-failed' } });
  });

  it('have no effect in a dry run, but are waited for', () => {
    const fleet = settled({ gates: [{ ...gate, failureLimit: 0, dryRun: true }] });
    fleet.pass(30_000);
    expect(fleet.step().state.waves).toHaveLength(1);
    expect(measure(fleet, 'fail').state.waves).toMatchObject([{ gates: [{ verdict: 'fail', dryRun: true }] }, {}]);
  });

  it('count a measurement once', () => {
    const fleet = settled();
    fleet.pass(30_000);
    fleet.measure(0, 'heat', 'pass');
    fleet.measure(0, 'heat', 'pass');
    expect(fleet.step().state.waves[0]?.gates[0]?.measured).toBe(1);
  });
});

describe('devices that join', () => {
  it('enter the newest open wave while its size has room', () => {
    const fleet = createFleet({ count: 4, policy: { waves: ['25%', '100%'], bake: 0 } });
    fleet.step();
    for (const id of ['n1', 'n2', 'n3', 'n4']) fleet.add(id);
    fleet.add('elsewhere', { report: undefined as never });
    const { state } = fleet.step();
    expect(state.joined.map(({ wave }) => wave)).toEqual([0, 1, 1, 1]);
    expect(fleet.step().state.joined).toHaveLength(4);
    expect(state.summary.waves.map(({ devices }) => devices)).toEqual([2, 6]);
  });

  it('stay out when there is no room, as those that the plan has left out', () => {
    const fleet = createFleet({ count: 10, policy: { waves: ['50%'], bake: 0 } });
    expect(fleet.plan.leftOut).toBe(5);
    fleet.step();
    expect(fleet.step().state.joined).toEqual([]);
    fleet.add('n1');
    fleet.add('n2');
    expect(fleet.step().state.joined).toHaveLength(1);
  });
});
