import { beforeEach, describe, expect, it } from 'vitest';
import { contextOf } from '../../../../src/fleet/rollout/decide/context.ts';
import { factsOf } from '../../../../src/fleet/rollout/decide/device-state.ts';
import type { Facts } from '../../../../src/fleet/rollout/decide/facts.ts';
import type { Mark } from '../../../../src/fleet/rollout/model/observed.ts';
import type { Report } from '../../../../src/protocol/firmware/index.ts';
import { createFleet, noIntent, oldDigest, start, target, type Fleet } from './fleet.ts';

const policy = {
  bake: '10m',
  timeouts: { offer: '1h', stall: '2m', install: '3m', reboot: '4m', confirm: '5m' },
  maxDeferrals: 2,
  retries: { limit: 2, backoff: '1m', factor: 2 },
} as const;
const minute = 60_000;
const before: Mark = {
  rollout: 'pump-2',
  wave: 0,
  attempt: 1,
  previous: { version: '1.0.0', digest: oldDigest },
  bootCount: 1,
};
const other = 'b'.repeat(64);
const confirmed = { state: 'confirmed', digest: target, version: '2.0.0', bootCount: 2 } as const;

let fleet: Fleet;

beforeEach(() => {
  fleet = createFleet({ count: 1, policy });
  fleet.step();
  fleet.step();
});

/** The facts of the only device, `after` minutes later. */
function facts(after = 0, change: Partial<Parameters<typeof contextOf>[0]> = {}): Facts {
  const input = {
    plan: fleet.plan,
    intent: noIntent,
    state: fleet.state,
    observed: fleet.twins,
    measurements: [],
    now: fleet.now + after * minute,
    fence: 1,
    ...change,
  };
  return factsOf(contextOf(input, fleet.state), 0, fleet.twins.get('d0000'));
}

function say(change: Partial<Report> & Pick<Report, 'state'>): void {
  fleet.say('d0000', change);
}

/** When a device that failed by a code is tried again, ms after the failure. */
function backoffOf(code: string): number {
  const decidedAt = new Date(start).toISOString();
  fleet.mark('d0000', { ...before, outcome: 'failed', code, decidedAt, failures: 1 });
  return facts().until - start;
}

describe('a device that was offered the firmware', () => {
  it.each([
    // said, minutes later, state, kind, code
    [undefined, 59, 'offered', 'waiting', undefined],
    [undefined, 60, 'unreached', 'out', 'no-answer'],
    [{ state: 'idle' }, 59, 'offered', 'waiting', undefined],
    [{ state: 'idle', bootCount: 2 }, 0, 'reverted', 'decided', 'old-digest'],
    [{ state: 'deferred' }, 59, 'deferred', 'begun', undefined],
    [{ state: 'deferred' }, 60, 'unreached', 'out', 'no-answer'],
    [{ state: 'downloading', progress: 3 }, 1, 'downloading', 'begun', undefined],
    [{ state: 'downloading', progress: 3 }, 2, 'failed', 'free', 'stalled'],
    [{ state: 'staged' }, 2, 'staged', 'begun', undefined],
    [{ state: 'staged' }, 3, 'failed', 'free', 'stalled'],
    [{ state: 'installing' }, 2, 'installing', 'begun', undefined],
    [{ state: 'installing' }, 3, 'lost', 'decided', 'install-timeout'],
    [{ state: 'rebooting' }, 3, 'rebooting', 'begun', undefined],
    [{ state: 'rebooting' }, 4, 'lost', 'decided', 'reboot-timeout'],
    [{ state: 'trial', digest: target, bootCount: 2 }, 8, 'trial', 'begun', undefined],
    [{ state: 'trial', digest: target, bootCount: 2 }, 9, 'lost', 'decided', 'trial-timeout'],
    [{ state: 'trial', bootCount: 2 }, 0, 'reverted', 'decided', 'old-digest'],
    [{ state: 'trial', digest: other, bootCount: 2 }, 0, 'failed', 'decided', 'digest-differs'],
    [confirmed, 9, 'baking', 'begun', undefined],
    [confirmed, 10, 'succeeded', 'decided', undefined],
    [{ ...confirmed, digest: oldDigest }, 0, 'reverted', 'decided', 'old-digest'],
    [{ ...confirmed, digest: other }, 0, 'failed', 'decided', 'digest-differs'],
    [{ ...confirmed, bootCount: 1 }, 0, 'failed', 'decided', 'not-rebooted'],
    [{ ...confirmed, bootCount: 12 }, 0, 'failed', 'decided', 'unstable'],
    [{ state: 'reverted', code: 'self-test-failed' }, 0, 'reverted', 'decided', 'self-test-failed'],
    [{ state: 'failed', code: 'download-failed' }, 0, 'failed', 'free', 'download-failed'],
    [{ state: 'failed' }, 0, 'failed', 'free', 'failed'],
    [{ state: 'rejected', code: 'downgrade' }, 0, 'rejected', 'decided', 'downgrade'],
  ] as const)('says %j and %i minutes later is %s', (said, after, state, kind, code) => {
    if (said !== undefined) say(said);
    const found = facts(after);
    expect([found.state, found.kind, found.code]).toEqual([state, kind, code]);
  });

  it('is followed by the newest attempt only', () => {
    say({ state: 'confirmed', attempt: 0, digest: target, bootCount: 2 });
    expect(facts().state).toBe('offered');
    say({ state: 'confirmed', attempt: 1, rollout: 'another', digest: target, bootCount: 2 });
    expect(facts().state).toBe('offered');
  });

  it('is unreached, not failed, when it was never there', () => {
    fleet.put('d0000', { connected: false });
    expect(facts(60)).toMatchObject({ state: 'unreached', code: 'silent', found: { outcome: 'unreached' } });
  });

  it('is waited for a little when it is away at the end of its bake, and then lost', () => {
    say(confirmed);
    fleet.put('d0000', { connected: false });
    expect(facts(13)).toMatchObject({ state: 'baking', until: fleet.now + 14 * minute });
    expect(facts(14)).toMatchObject({ state: 'lost', code: 'bake-silent' });
  });

  it('knows when it changes by itself', () => {
    expect(facts().until).toBe(fleet.now + 60 * minute);
    say({ state: 'deferred', until: new Date(fleet.now + 10 * minute).toISOString() });
    expect(facts().until).toBe(fleet.now + 70 * minute);
    say({ state: 'deferred', until: '9999-01-01T00:00:00.000Z' });
    expect(facts().until).toBe(fleet.now + 120 * minute);
  });

  it('has failed when it puts the update off too often, and each time counts once', () => {
    for (const count of [1, 2]) {
      say({ state: 'deferred' });
      expect(facts().found).toMatchObject({ note: { deferrals: { count } } });
      fleet.step();
      expect(facts()).toMatchObject({ state: 'deferred' });
      expect(facts().found).toBeUndefined();
    }
    say({ state: 'deferred' });
    expect(facts()).toMatchObject({ state: 'failed', code: 'too-many-deferrals', found: { withdraw: true } });
  });

  it('is canceled when somebody has removed the offer, unless it installs already', () => {
    const { offer: _offer, ...twin } = fleet.twin('d0000');
    fleet.twins.set('d0000', twin);
    expect(facts()).toMatchObject({ state: 'canceled', code: 'offer-removed' });
    say({ state: 'installing' });
    expect(facts()).toMatchObject({ state: 'installing' });
  });

  it('needs no restart to confirm what it ran already', () => {
    fleet.put('d0000', { mark: { rollout: 'pump-2', wave: 0, attempt: 1 } });
    say({ state: 'confirmed', digest: target, bootCount: 1 });
    expect(facts(10).state).toBe('succeeded');
  });

  it('has its restarts counted from its first words when it had said nothing before', () => {
    fleet.put('d0000', { mark: { rollout: 'pump-2', wave: 0, attempt: 1 } });
    say({ state: 'downloading', bootCount: 7 });
    expect(facts().found).toEqual({ note: { bootCount: 7 } });
    fleet.step();
    say({ ...confirmed, bootCount: 7 });
    expect(facts()).toMatchObject({ code: 'not-rebooted' });
  });

  it('is gone with its twin', () => {
    fleet.twins.delete('d0000');
    expect(facts()).toMatchObject({ state: 'blocked', blocked: 'gone', kind: 'out' });
  });
});

describe('a device with a decided attempt', () => {
  const decidedAt = new Date(start).toISOString();

  it.each(['succeeded', 'failed', 'rejected', 'reverted', 'lost', 'recovered'] as const)('stays %s', (outcome) => {
    fleet.mark('d0000', { ...before, outcome, code: 'digest-differs', decidedAt, failures: 1 });
    expect(facts(10_000)).toMatchObject({ state: outcome, kind: 'decided' });
  });

  it('is recovered when it was lost and reports again', () => {
    fleet.mark('d0000', { ...before, outcome: 'lost', code: 'reboot-timeout', decidedAt });
    expect(facts().state).toBe('lost');
    fleet.pass(1);
    say({ state: 'trial', digest: target, bootCount: 2 });
    expect(facts()).toMatchObject({ state: 'recovered', kind: 'decided', found: { outcome: 'recovered' } });
  });

  it('is recovered when it went away in its bake and is connected again', () => {
    fleet.mark('d0000', { ...before, outcome: 'lost', code: 'bake-silent', decidedAt });
    expect(facts().state).toBe('recovered');
  });

  it('is tried again after a failure that may be over, with growing pauses', () => {
    fleet.mark('d0000', { ...before, outcome: 'failed', code: 'stalled', decidedAt, failures: 1 });
    const first = facts().until - start;
    expect(first).toBeGreaterThanOrEqual(0.75 * minute);
    expect(first).toBeLessThanOrEqual(1.25 * minute);
    fleet.mark('d0000', { ...before, attempt: 2, outcome: 'failed', code: 'stalled', decidedAt, failures: 2 });
    expect(facts().until - start).toBeGreaterThanOrEqual(1.5 * minute);
    fleet.mark('d0000', { ...before, attempt: 3, outcome: 'failed', code: 'stalled', decidedAt, failures: 3 });
    expect(facts()).toMatchObject({ state: 'failed', kind: 'decided', until: Infinity });
  });

  it('waits longer after a failure of the device than after one of a download', () => {
    expect(backoffOf('install-failed') / backoffOf('download-failed')).toBeCloseTo(4, 3);
    expect(backoffOf('too-many-deferrals') / backoffOf('download-failed')).toBeCloseTo(10, 3);
  });

  it('is left alone while its penalty lasts', () => {
    const penaltyUntil = new Date(start + 100 * minute).toISOString();
    fleet.mark('d0000', { ...before, outcome: 'failed', code: 'stalled', decidedAt, failures: 2, penaltyUntil });
    expect(facts()).toMatchObject({ state: 'failed', kind: 'decided', until: start + 100 * minute });
    expect(facts(100)).toMatchObject({ state: 'failed', kind: 'free' });
  });

  it('is free for another attempt when a person says so', () => {
    fleet.mark('d0000', { ...before, outcome: 'reverted', decidedAt });
    const retries = [{ deviceId: 'd0000', attempt: 1 }];
    expect(facts(0, { intent: { ...noIntent, retries } })).toMatchObject({
      state: 'planned',
      kind: 'free',
      attempt: 1,
    });
    const older = [{ deviceId: 'd0000', attempt: 0 }];
    expect(facts(0, { intent: { ...noIntent, retries: older } })).toMatchObject({ state: 'reverted' });
  });

  it('was unreached, and is followed again when it answers', () => {
    fleet.put('d0000', { mark: { ...before, outcome: 'unreached', code: 'silent', decidedAt } });
    expect(facts()).toMatchObject({ state: 'unreached', kind: 'out' });
    fleet.pass(1);
    say({ state: 'downloading' });
    expect(facts()).toMatchObject({ state: 'downloading', kind: 'begun' });
  });

  it('was taken an offer back, and is followed all the same when it had begun', () => {
    fleet.put('d0000', { mark: { ...before, outcome: 'canceled', code: 'aborted', decidedAt } });
    expect(facts()).toMatchObject({ state: 'canceled', kind: 'out' });
    say({ state: 'downloading' });
    expect(facts()).toMatchObject({ state: 'canceled', kind: 'out' });
    say({ state: 'installing' });
    expect(facts()).toMatchObject({ state: 'installing', kind: 'begun' });
  });

  it('has returned when its way back is done', () => {
    fleet.put('d0000', { mark: { ...before, attempt: 2, returning: true } });
    fleet.twins.set('d0000', {
      ...fleet.twin('d0000'),
      offer: { value: { ...fleet.twin('d0000').offer!.value, attempt: 2 }, at: fleet.now },
    });
    say({ state: 'confirmed', digest: target, bootCount: 3 });
    expect(facts()).toMatchObject({ state: 'failed', code: 'digest-differs' });
    say({ state: 'confirmed', digest: oldDigest, bootCount: 3 });
    expect(facts()).toMatchObject({ state: 'returned', kind: 'decided', found: { outcome: 'succeeded' } });
  });
});

describe('a device that another rollout has to do with', () => {
  const foreign: Mark = { rollout: 'other', wave: 0, attempt: 1 };

  it('is blocked until that is decided', () => {
    fleet.put('d0000', { mark: foreign });
    expect(facts()).toMatchObject({ state: 'blocked', blocked: 'in-other-rollout' });
    expect(facts(0, { others: new Set(['other']) })).toMatchObject({ blocked: 'in-other-rollout' });
    expect(facts(0, { others: new Set() })).toMatchObject({ state: 'planned', kind: 'free' });
  });

  it('belongs to the other when that has worked on it since this one began', () => {
    const decidedAt = new Date(start + 1).toISOString();
    fleet.put('d0000', { mark: { ...foreign, outcome: 'succeeded', decidedAt } });
    expect(facts(1)).toMatchObject({ state: 'canceled', kind: 'out' });
  });

  it('serves its penalty also here', () => {
    const penaltyUntil = new Date(start + minute).toISOString();
    const decidedAt = new Date(start - minute).toISOString();
    fleet.put('d0000', { mark: { ...foreign, outcome: 'failed', decidedAt, penaltyUntil } });
    expect(facts()).toMatchObject({ blocked: 'penalty', until: start + minute });
    expect(facts(1)).toMatchObject({ state: 'planned' });
  });
});

describe('a device that nothing was offered to', () => {
  beforeEach(() => {
    const { mark: _mark, offer: _offer, ...twin } = fleet.twin('d0000');
    fleet.twins.set('d0000', twin);
    fleet.state = { ...fleet.state, offering: [] };
  });

  it('is skipped when it runs the firmware', () => {
    say({ state: 'idle', digest: target });
    expect(facts()).toMatchObject({ state: 'skipped', kind: 'out' });
  });

  it('is blocked as long as the firmware does not fit', () => {
    fleet.put('d0000', { enabled: false });
    expect(facts()).toMatchObject({ blocked: 'disabled' });
    fleet.put('d0000', { enabled: true });
    say({ state: 'idle', hardware: 'fan-v1' });
    expect(facts()).toMatchObject({ blocked: 'hardware-mismatch' });
  });

  it('counts as offered while its offer is being written', () => {
    fleet.state = { ...fleet.state, offering: [{ deviceId: 'd0000', attempt: 1 }] };
    expect(facts()).toMatchObject({ state: 'offered', kind: 'announced', attempt: 1 });
  });
});
