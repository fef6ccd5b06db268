/** Whatever devices, people and crashes do: no limit is exceeded, nobody is offered twice, nobody is forgotten. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../../../src/fleet/rollout/decide/context.ts';
import { factsOf } from '../../../../src/fleet/rollout/decide/device-state.ts';
import { isLimitCrossed } from '../../../../src/fleet/rollout/decide/course.ts';
import { createWindows } from '../../../../src/fleet/rollout/decide/windows.ts';
import type { Decision } from '../../../../src/fleet/rollout/model/decision.ts';
import type { SpecInput } from '../../../../src/fleet/rollout/model/spec.ts';
import { createFleet, oldDigest, type Fleet } from './fleet.ts';

const minute = 60_000;
const runs = { numRuns: Number(process.env['E_RUNS'] ?? 150) };

const timeouts = { offer: '20m', stall: '3m', install: '3m', reboot: '3m', confirm: '3m' } as const;

const policies: fc.Arbitrary<NonNullable<SpecInput['policy']>> = fc
  .record(
    {
      waves: fc.constantFrom<NonNullable<SpecInput['policy']>['waves']>(
        ['100%'],
        [1, '100%'],
        [2, '50%', '100%'],
        ['10%', '20%', '90%'],
        [3, { size: '100%', approval: true }],
      ),
      bake: fc.constantFrom(0, '1m', '7m'),
      rate: fc.option(
        fc.constantFrom(
          { perMinute: 2 },
          { perMinute: 30 },
          { base: 1, factor: 2, stepBy: 'succeeded' as const, every: 2 },
        ),
        { nil: undefined },
      ),
      maxInProgress: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      faultDomain: fc.option(fc.constant({ tag: 'site', max: 1 }), { nil: undefined }),
      failureLimit: fc.constantFrom<NonNullable<SpecInput['policy']>['failureLimit']>(
        { count: 1 },
        { rate: 0.2, minimumSample: 3 },
        { rate: 1 },
      ),
      window: fc.option(
        fc.constantFrom(
          { from: '12:10', to: '12:40', download: 'in-window' as const },
          { from: '13:05', to: '13:25', timezoneTag: 'zone', download: 'now' as const },
          { from: '23:00', to: '12:20', timezoneTag: 'zone', download: 'in-window' as const },
        ),
        { nil: undefined },
      ),
      gates: fc.option(
        fc.constant<NonNullable<SpecInput['policy']>['gates']>([
          { name: 'ok', command: ['true'], count: 2, interval: '2m', failureLimit: 1 },
        ]),
        {
          nil: undefined,
        },
      ),
      onFailure: fc.constantFrom('pause' as const, 'abort' as const, 'revert' as const),
    },
    { requiredKeys: ['waves'] },
  )
  .map((policy) => ({ ...withoutUndefined(policy), timeouts, retries: { limit: 1, backoff: '1m' } }));

function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;
}

type Event =
  | { readonly kind: 'say'; readonly device: number; readonly what: number }
  | { readonly kind: 'connection'; readonly device: number }
  | { readonly kind: 'remove' | 'join' | 'disable'; readonly device: number }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'crash'; readonly after: number }
  | {
      readonly kind: 'intent';
      readonly what: 'pause' | 'resume' | 'approve' | 'promote' | 'retry' | 'abort' | 'revert';
    };

const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('say' as const), device: fc.nat(30), what: fc.nat(11) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('connection' as const), device: fc.nat(30) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('remove' as const, 'join' as const, 'disable' as const),
        device: fc.nat(30),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat(8) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('intent' as const),
        what: fc.constantFrom(
          ...(['pause', 'resume', 'resume', 'approve', 'approve', 'promote', 'retry', 'abort', 'revert'] as const),
        ),
      }),
    },
  ),
  { minLength: 10, maxLength: 80 },
);

/** What a device may say next, whether or not that makes sense. */
const words = [
  { state: 'downloading', progress: 1 },
  { state: 'downloading', progress: 50 },
  { state: 'staged' },
  { state: 'installing' },
  { state: 'rebooting' },
  { state: 'deferred' },
  { state: 'reverted', code: 'self-test-failed' },
  { state: 'failed', code: 'download-failed' },
  { state: 'rejected', code: 'downgrade' },
  { state: 'confirmed', digest: oldDigest },
] as const;

function happen(fleet: Fleet, event: Event): void {
  const ids = [...fleet.twins.keys()];
  const id = 'device' in event ? ids[event.device % ids.length] : undefined;
  switch (event.kind) {
    case 'say': {
      const word = words[event.what];
      if (id === undefined || fleet.twin(id).mark?.rollout !== fleet.plan.spec.id) return;
      if (word === undefined) fleet.confirm(id);
      else fleet.say(id, { ...word });
      return;
    }
    case 'connection':
      if (id !== undefined) fleet.put(id, { connected: !fleet.twin(id).connected });
      return;
    case 'disable':
      if (id !== undefined) fleet.put(id, { enabled: !fleet.twin(id).enabled });
      return;
    case 'remove':
      if (id !== undefined && ids.length > 2) fleet.twins.delete(id);
      return;
    case 'join':
      fleet.add(`joined-${event.device}`, { tags: { site: 'a' } });
      return;
    case 'wait':
      fleet.pass(event.minutes * minute + event.minutes);
      return;
    case 'intent':
      ask(fleet, event.what);
      return;
    case 'crash':
  }
}

function ask(fleet: Fleet, what: Extract<Event, { kind: 'intent' }>['what']): void {
  const { intent, state } = fleet;
  const { decided, failures } = state.summary;
  switch (what) {
    case 'pause':
      fleet.intent = { paused: true };
      return;
    case 'resume':
      fleet.intent = { paused: false, resumes: (intent.resumes ?? 0) + 1, pardoned: { decided, failures } };
      return;
    case 'approve':
      fleet.intent = { approved: [0, 1, 2] };
      return;
    case 'promote':
      fleet.intent = { promoted: [...intent.promoted, state.waves.length - 1] };
      return;
    case 'retry': {
      const retries = fleet.twins
        .values()
        .toArray()
        .flatMap(({ deviceId, mark }) => (mark?.outcome === undefined ? [] : [{ deviceId, attempt: mark.attempt }]));
      fleet.intent = { retries };
      return;
    }
    case 'abort':
    case 'revert':
      fleet.intent = { ending: what };
  }
}

/** Everything that must be true of a decision, whatever came before. */
function check(fleet: Fleet, decision: Decision, isNew: boolean): void {
  const { policy } = fleet.plan.spec;
  const { state, actions } = decision;
  const onDevices = actions.filter((action) => 'deviceId' in action);
  expect(new Set(onDevices.map(({ deviceId }) => deviceId)).size).toBe(onDevices.length);
  const offers = onDevices.filter(({ kind }) => kind === 'offer' || kind === 'return');
  // Announced before they are made, and nothing else is.
  expect(offers.map(({ deviceId, mark }) => ({ deviceId, attempt: mark.attempt }))).toEqual(state.offering);
  for (const { mark, kind } of offers) {
    expect(mark.wave).toBeLessThan(state.waves.length);
    expect(kind).toBe(state.phase === 'reverting' ? 'return' : 'offer');
  }
  const mayOffer =
    state.phase === 'running' || state.halt?.kind === 'approval' || state.halt?.kind === 'wave-unreached';
  if (!mayOffer && state.phase !== 'reverting') expect(offers).toEqual([]);
  checkPlaces(fleet, decision, isNew);
  if (policy.rate !== undefined) expect(state.rate.tokens).toBeGreaterThan(-1e-6);
  if (mayOffer && offers.length > 0) {
    expect(isLimitCrossed(policy, state.summary, fleet.intent.pardoned, false)).toBe(false);
  }
}

/** Counted anew, by the twins as they are and what is announced. */
function checkPlaces(fleet: Fleet, { state }: Decision, isNew: boolean): void {
  const { policy } = fleet.plan.spec;
  const input = { plan: fleet.plan, intent: fleet.intent, state, observed: fleet.twins, measurements: [] };
  const context = contextOf({ ...input, now: fleet.now, fence: 1 }, state);
  const domains = new Map<unknown, number>();
  let inProgress = 0;
  for (const { deviceId, wave } of [...fleet.plan.devices, ...state.joined]) {
    const { kind } = factsOf(context, wave, fleet.twins.get(deviceId));
    if (kind !== 'announced' && kind !== 'waiting' && kind !== 'begun') continue;
    inProgress++;
    const site = fleet.twins.get(deviceId)?.tags['site'];
    if (site !== undefined) domains.set(site, (domains.get(site) ?? 0) + 1);
  }
  expect(state.summary.inProgress).toBe(inProgress);
  if (isNew && policy.maxInProgress !== undefined) expect(inProgress).toBeLessThanOrEqual(policy.maxInProgress);
  if (isNew && policy.faultDomain !== undefined) {
    for (const { deviceId } of state.offering) {
      const site = fleet.twins.get(deviceId)?.tags['site'];
      if (site !== undefined) expect(domains.get(site)).toBeLessThanOrEqual(policy.faultDomain.max);
    }
  }
}

/** Whoever may only begin in a window is not offered anything outside it, or is told when it opens. */
function checkWindows(fleet: Fleet, { actions }: Decision): void {
  const { window } = fleet.plan.spec.policy;
  if (window === undefined) return;
  const find = createWindows(window);
  for (const action of actions) {
    if (action.kind !== 'offer') continue;
    const zone = fleet.twin(action.deviceId).tags[window.timezoneTag];
    const { opens } = find(typeof zone === 'string' ? zone : undefined, fleet.now);
    expect(action.notBefore).toBe(opens > fleet.now ? new Date(opens).toISOString() : undefined);
    const wasAnnounced = fleet.savedState?.offering.some(({ deviceId }) => deviceId === action.deviceId) === true;
    if (window.download === 'in-window' && !wasAnnounced) expect(opens).toBeLessThanOrEqual(fleet.now);
  }
}

/** Deciding again on what is stored finds the same to do and nothing new to store. */
function checkTwice(fleet: Fleet, first: Decision): void {
  fleet.state = JSON.parse(JSON.stringify(first.state)) as Decision['state'];
  const second = fleet.look();
  expect(second.changed, JSON.stringify([first.state, second.state])).toBe(false);
  expect(isDeepStrictEqual(second.actions, first.actions), JSON.stringify([first.actions, second.actions])).toBe(true);
}

const digests = new Map([[oldDigest, { releaseCounter: 2 }]]);
const tags = (index: number) => ({
  ...(index % 3 !== 0 && { site: `s${index % 4}` }),
  zone: index % 2 === 0 ? 'Europe/Berlin' : 'nowhere',
});

/** Decides, checks that, and carries it out as far as the crash lets it. Answers what was announced for the first time. */
function step(fleet: Fleet, crash?: number): readonly string[] {
  const before = fleet.savedState;
  const decision = fleet.look();
  checkWindows(fleet, decision);
  const known = new Set(before?.offering.map(keyOf));
  const announced = decision.state.offering.map(keyOf).filter((key) => !known.has(key));
  // What devices do after the end is nobody's business.
  if (before?.endedAt === undefined || decision.changed) check(fleet, decision, announced.length > 0);
  checkTwice(fleet, decision);
  if (crash === 0) {
    fleet.state = before;
    return [];
  }
  const done = crash === undefined ? decision.actions : decision.actions.slice(0, crash - 1);
  for (const action of done) {
    fleet.act(action);
    // Three of four measurements pass, so that both verdicts come about.
    if (action.kind === 'measure') fleet.measure(action.wave, action.gate, fleet.now % 4 === 0 ? 'fail' : 'pass');
  }
  return announced;
}

const keyOf = ({ deviceId, attempt }: { readonly deviceId: string; readonly attempt: number }): string =>
  `${deviceId} ${attempt}`;

/** In no stretch of time more than the rate allows, and what was saved up. */
function checkRate({ plan }: Fleet, announcedAt: readonly number[]): void {
  const { rate } = plan.spec.policy;
  if (rate === undefined || !('perMinute' in rate)) return;
  const saved = Math.max(1, rate.perMinute / 12);
  for (const [index, from] of announcedAt.entries()) {
    const last = announcedAt.at(-1) ?? from;
    const most = saved + ((last - from) / minute) * rate.perMinute;
    expect(announcedAt.length - index).toBeLessThanOrEqual(most + 1e-6);
  }
}

describe('a rollout', () => {
  it('keeps every limit whatever devices, people and crashes do, and comes to an end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 25 }), policies, events, (count, policy, story) => {
        const fleet = createFleet({ count, policy, tags });
        fleet.former = digests;
        const announcedAt: number[] = [];
        let opened = 0;
        for (const event of story) {
          step(fleet, event.kind === 'crash' ? event.after : undefined).forEach(() => announcedAt.push(fleet.now));
          const waves = fleet.savedState?.waves.length ?? 0;
          expect(waves).toBeGreaterThanOrEqual(opened);
          opened = waves;
          if (fleet.savedState !== undefined) happen(fleet, event);
        }
        checkRate(fleet, announcedAt);
        const keys = fleet.offers.map(keyOf);
        expect(new Set(keys).size).toBe(keys.length);
        finish(fleet);
      }),
      runs,
    );
  });
});

/** From here on every device does as it is told, and a person clears the way. */
function finish(fleet: Fleet): void {
  for (const { deviceId } of fleet.twins.values()) fleet.put(deviceId, { connected: true });
  for (let round = 0; round < 2_000; round++) {
    for (const action of fleet.step().actions) {
      if (action.kind === 'measure') fleet.measure(action.wave, action.gate, 'pass');
    }
    const { state } = fleet;
    if (state.endedAt !== undefined) {
      if (fleet.intent.ending !== 'revert' || state.phase === 'reverted') return;
    }
    if (state.phase === 'paused') {
      for (const what of ['resume', 'approve', 'promote'] as const) ask(fleet, what);
    }
    for (const { deviceId, mark, offer, report } of fleet.twins.values()) {
      const isOver = report?.value.attempt === mark?.attempt && report?.value.state === 'confirmed';
      if (mark === undefined || mark.outcome !== undefined || offer === undefined || isOver) continue;
      if (mark.returning) fleet.say(deviceId, { ...backHome, bootCount: (report?.value.bootCount ?? 1) + 1 });
      else fleet.confirm(deviceId);
    }
    fleet.pass(10 * minute);
  }
  expect.fail(`it does not end: ${JSON.stringify(fleet.state)}`);
}

const backHome = { state: 'confirmed', digest: oldDigest, version: '1.0.0' } as const;
