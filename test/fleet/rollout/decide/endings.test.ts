import { beforeEach, describe, expect, it } from 'vitest';
import type { State } from '../../../../src/fleet/rollout/model/record.ts';
import { createFleet, oldDigest, target, type Fleet } from './fleet.ts';

const minute = 60_000;

describe('completion', () => {
  it('comes when every device is decided, and waits for the unreached as long as for an offer', () => {
    const fleet = createFleet({ count: 3, policy: { bake: 0, timeouts: { offer: '1h' } } });
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.put(third, { connected: false });
    fleet.step();
    fleet.confirm(first);
    fleet.confirm(second);
    fleet.pass(59 * minute);
    fleet.step();
    expect(fleet.step().state).toMatchObject({ phase: 'running', waves: [{ closedAt: fleet.now }] });
    fleet.pass(minute);
    // Its outcome is written, then its offer is taken back, then it is over.
    expect(fleet.step().actions).toMatchObject([{ kind: 'mark', mark: { outcome: 'unreached', code: 'silent' } }]);
    expect(fleet.step().actions).toMatchObject([{ kind: 'withdraw', mark: { outcome: 'unreached', code: 'ended' } }]);
    const { state } = fleet.step();
    expect(state).toMatchObject({
      phase: 'completed',
      endedAt: fleet.now,
      summary: { waves: [{ states: { succeeded: 2, unreached: 1 } }], failures: 0 },
    });
    expect(fleet.twin(third).offer).toBeUndefined();
    fleet.pass(minute);
    expect(fleet.step()).toMatchObject({ changed: false, actions: [], state });
  });

  it('waits for unreached devices also where offers go to connected ones only', () => {
    const fleet = createFleet({ count: 2, policy: { bake: 0, maxInProgress: 2, timeouts: { offer: '1h' } } });
    const [first = '', second = ''] = fleet.ids();
    fleet.put(second, { connected: false });
    fleet.step();
    fleet.confirm(first);
    fleet.step();
    expect(fleet.step().state.phase).toBe('running');
    fleet.pass(60 * minute);
    expect(fleet.step().state).toMatchObject({
      phase: 'completed',
      summary: { waves: [{ states: { unreached: 1 } }] },
    });
  });

  it('does not wait for what blocked devices wait for, nor for one that is gone', () => {
    const fleet = createFleet({ count: 3, policy: { bake: 0 } });
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.put(first, { enabled: false });
    fleet.twins.delete(second);
    fleet.step();
    fleet.confirm(third);
    fleet.step();
    expect(fleet.step().state).toMatchObject({
      phase: 'completed',
      summary: { blocked: { disabled: 1, gone: 1 }, waves: [{ states: { blocked: 2, succeeded: 1 } }] },
    });
  });

  it('picks up an unreached device that appears meanwhile', () => {
    const fleet = createFleet({ count: 2, policy: { bake: '10m', timeouts: { offer: '5m' } } });
    const [first = '', second = ''] = fleet.ids();
    fleet.put(second, { connected: false });
    fleet.step();
    fleet.pass(4 * minute);
    fleet.confirm(first);
    fleet.pass(minute);
    fleet.step();
    expect(fleet.step().state.summary.waves[0]?.states).toMatchObject({ unreached: 1 });
    fleet.pass(1);
    fleet.put(second, { connected: true });
    fleet.say(second, { state: 'downloading' });
    expect(fleet.step().state.summary).toMatchObject({ inProgress: 2, waves: [{ states: { downloading: 1 } }] });
  });
});

describe('what the audit is told', () => {
  it('is told once, however often it is written', () => {
    const fleet = createFleet({ count: 2, policy: { bake: 0, failureLimit: { rate: 1 } } });
    const decided = (): readonly unknown[] => fleet.look().findings.filter(({ action }) => action === 'device-decided');
    fleet.step();
    fleet.say('d0000', { state: 'reverted', code: 'boot-loop' });
    const { state, findings } = fleet.look();
    expect(findings).toContainEqual({
      action: 'device-decided',
      details: { device: 'd0000', attempt: 1, outcome: 'reverted', code: 'boot-loop' },
    });
    // Stored, but killed before the mark was written.
    fleet.state = state;
    expect(decided()).toEqual([]);
    expect(fleet.step().actions).toMatchObject([{ kind: 'mark', mark: { outcome: 'reverted' } }]);
    expect(fleet.step().state.deciding).toBeUndefined();
  });
});

describe('an abort', () => {
  it('takes back what has not begun, follows what has, and cancels the rest', () => {
    const fleet = createFleet({ count: 5, policy: { bake: '5m', waves: [4, '100%'] } });
    fleet.step();
    const [first = '', second = '', third = '', fourth = ''] = fleet.ids();
    fleet.say(second, { state: 'downloading' });
    fleet.say(third, { state: 'rebooting' });
    fleet.confirm(fourth);
    fleet.intent = { ending: 'abort' };
    const { actions, state } = fleet.step();
    expect(actions.map((action) => [action.kind, 'deviceId' in action && action.deviceId])).toEqual([
      ['withdraw', first],
      ['withdraw', second],
    ]);
    expect(state.phase).toBe('aborting');
    fleet.pass(15 * minute);
    fleet.step();
    expect(fleet.step().state).toMatchObject({
      phase: 'aborted',
      summary: { waves: [{ states: { canceled: 2, lost: 1, succeeded: 1 } }, { states: { canceled: 1 } }] },
    });
  });

  it('is not left again', () => {
    const fleet = createFleet({ count: 1 });
    fleet.step();
    fleet.say('d0000', { state: 'installing' });
    fleet.intent = { ending: 'abort' };
    fleet.step();
    fleet.intent = { resumes: 1, paused: false };
    const { ending: _ending, ...rest } = fleet.intent;
    fleet.replaceIntent(rest);
    expect(fleet.step().state.phase).toBe('aborting');
  });
});

describe('a revert', () => {
  let fleet: Fleet;

  beforeEach(() => {
    fleet = createFleet({ count: 4, policy: { bake: 0, waves: [3, '100%'], maxInProgress: 3 } });
    fleet.step();
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.confirm(first);
    fleet.say(third, { state: 'installing' });
    fleet.step();
    fleet.intent = { ending: 'revert' };
    fleet.pass(1_000);
    fleet.confirm(second);
  });

  function comeHome(deviceId: string): void {
    const bootCount = (fleet.twin(deviceId).report?.value.bootCount ?? 0) + 1;
    fleet.say(deviceId, { state: 'confirmed', digest: oldDigest, version: '1.0.0', bootCount });
  }

  it('asks once for each firmware that devices ran before', () => {
    const { actions, state } = fleet.step();
    expect(actions.filter(({ kind }) => kind === 'resolve')).toEqual([
      { kind: 'resolve', digest: oldDigest, version: '1.0.0' },
    ]);
    expect(state.phase).toBe('reverting');
  });

  it('brings back each device to what it ran before, and follows that', () => {
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.former = new Map([[oldDigest, { releaseCounter: 2 }]]);
    fleet.step();
    fleet.step();
    fleet.step();
    expect(fleet.twin(first).mark).toMatchObject({ attempt: 2, returning: true, previous: { digest: oldDigest } });
    expect(fleet.twin(second).mark).toMatchObject({ attempt: 2, returning: true });
    expect(fleet.twin(third).mark).toMatchObject({ attempt: 1 });
    for (const id of [first, second]) comeHome(id);
    fleet.say(third, { state: 'reverted', code: 'self-test-failed' });
    fleet.step();
    expect(fleet.step().state).toMatchObject({
      phase: 'reverted',
      cannotReturn: [],
      summary: { waves: [{ states: { returned: 2, reverted: 1 } }, { states: { canceled: 1 } }] },
    });
  });

  it.each([
    [{ problem: 'not-kept' }, 'not-kept'],
    [{ releaseCounter: 1 }, 'downgrade'],
  ] as const)('says which devices cannot be brought back: %j', (former, reason) => {
    const [first = '', second = '', third = ''] = fleet.ids();
    fleet.former = new Map([[oldDigest, former]]);
    fleet.say(third, { state: 'reverted' });
    for (let round = 0; round < 4; round++) fleet.step();
    expect(fleet.state).toMatchObject({
      phase: 'reverted',
      cannotReturn: [first, second].map((deviceId) => ({ deviceId, reason })),
    });
  });

  it('can be asked for when the rollout is over', () => {
    const done = createFleet({ count: 1, policy: { bake: 0 } });
    done.former = new Map([[oldDigest, { releaseCounter: 2 }]]);
    done.step();
    done.confirm('d0000');
    for (let round = 0; round < 2; round++) done.step();
    expect(done.state.phase).toBe('completed');
    done.intent = { ending: 'revert' };
    expect(done.step()).toMatchObject({ state: { phase: 'reverting' }, actions: [{ kind: 'return' }] });
    expect(done.state.endedAt).toBeUndefined();
  });

  it('leaves a device alone that ran the firmware before the rollout', () => {
    const done = createFleet({ count: 2, policy: { bake: 0 } });
    done.say('d0001', { state: 'idle', digest: target });
    done.step();
    done.confirm('d0000');
    done.intent = { ending: 'revert' };
    done.former = new Map([[oldDigest, { problem: 'not-kept' }]]);
    for (let round = 0; round < 3; round++) done.step();
    expect(done.state).toMatchObject({ phase: 'reverted', cannotReturn: [{ deviceId: 'd0000' }] });
  });
});

describe('a controller that is killed', () => {
  /** What each device does with an attempt; the same whoever drives. */
  const stories: readonly ((fleet: Fleet, id: string, attempt: number) => void)[] = [
    (fleet, id) => fleet.confirm(id),
    (fleet, id) => fleet.say(id, { state: 'reverted', code: 'self-test-failed' }),
    (fleet, id, attempt) =>
      attempt === 1 ? fleet.say(id, { state: 'failed', code: 'download-failed' }) : fleet.confirm(id),
    (fleet, id) => fleet.say(id, { state: 'installing' }),
    () => undefined,
    (fleet, id) => fleet.say(id, { state: 'rejected', code: 'key-unknown' }),
  ];

  /** Runs to the end, killed after so many actions of each decision, or before its state is stored. */
  function runWith(kills: readonly (number | undefined)[]): {
    readonly state: State;
    readonly offers: readonly string[];
  } {
    const policy = {
      waves: [2, '30%', '60%', '80%', '100%'],
      bake: '2m',
      maxInProgress: 6,
      failureLimit: { rate: 1 },
      timeouts: { offer: '10m', install: '3m' },
      retries: { backoff: '1m' },
    };
    const fleet = createFleet({ count: 24, policy });
    let round = 0;
    for (; round < 600 && fleet.savedState?.endedAt === undefined; round++) {
      const before = fleet.savedState;
      const decision = fleet.look();
      const kill = kills[round % kills.length];
      fleet.state = kill === -1 ? before : decision.state;
      for (const action of decision.actions.slice(0, kill === -1 ? 0 : kill)) fleet.act(action);
      for (const { deviceId, mark, report } of fleet.twins.values()) {
        if (mark === undefined || mark.outcome !== undefined || report?.value.attempt === mark.attempt) continue;
        stories[Number(deviceId.slice(1)) % stories.length]?.(fleet, deviceId, mark.attempt);
      }
      fleet.pass(20_000);
    }
    expect(fleet.state.phase).toBe('completed');
    return {
      state: fleet.state,
      offers: fleet.offers.map(({ deviceId, attempt }) => `${deviceId} ${attempt}`).toSorted(),
    };
  }

  const undisturbed = runWith([undefined]);

  it.each([[[0]], [[1]], [[2, 0, -1]], [[-1, undefined]], [[3, 1]]])('comes to the same end: %j', (kills) => {
    // Killed each time at once, nothing would ever be done.
    const { state, offers } = runWith([...kills, undefined]);
    expect(state.summary.waves).toEqual(undisturbed.state.summary.waves);
    expect(state.summary.failuresByCode).toEqual(undisturbed.state.summary.failuresByCode);
    expect(offers).toEqual(undisturbed.offers);
    expect(new Set(offers).size).toBe(offers.length);
  });
});
