// A bad image reaches the canary wave at most, what counts as a failure does, what does not does not, and a rollout stops at once.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { figures } from './support/processes.ts';
import { addFirmware, makeKeys, simulatePumps, untilTrue, writeSpec, type PumpFleet } from './support/pumps.ts';
import { openRolloutBox, type RolloutBox } from './support/rollout-box.ts';
import { countBy, readDevices, readState } from './support/story.ts';

let hub: RolloutBox;
let trust: string;

beforeAll(async () => {
  hub = await openRolloutBox();
  const keys = await makeKeys(hub);
  ({ trust } = keys);
  await addFirmware(hub, '2.0.0', { key: keys.key });
});
afterAll(() => hub.close());

/** Simulated devices count the time they have for a step by their own clock, which is faster; the controller by the hub's. */
const timeouts = { offer: 60, stall: 600, install: 600, reboot: 10, confirm: 600 };
const patient = { timeouts, retries: { limit: 0 } };

/** A fleet for one test. */
async function simulate(fleet: Omit<PumpFleet, 'trust'>): Promise<void> {
  const simulation = await simulatePumps(hub, { ...fleet, trust });
  onTestFinished(() => void simulation.child.kill());
}

/** `rollout create --wait`, and how it ended. */
async function rollOut(id: string, prefix: string, policy: Parameters<typeof writeSpec>[3]) {
  const spec = await writeSpec(hub, id, '2.0.0', { ...patient, ...policy }, prefix);
  return hub.box.run(['rollout', 'create', '-f', spec, '--yes', '--wait', '--timeout', '5m']);
}

test('an image that no device passes the self-test of touches the canaries alone', async () => {
  await simulate({ count: 200, prefix: 'bad-', faults: 'bad-image=2.0.0' });
  const ended = await rollOut('bad', 'bad-', {
    waves: [5, '10%', '100%'],
    bake: 1,
    failureLimit: { rate: '2%', minimumSample: 3 },
  });
  expect(ended.code, ended.stderr).toBe(8);
  // Those that were under way when it stopped go back by themselves.
  await untilTrue(async () => (await readDevices(hub, 'bad-')).every(({ report }) => report.version === '1.0.0'));
  const fleet = await readDevices(hub, 'bad-');
  const touched = fleet.filter(({ mark, offer }) => mark.rollout !== undefined || offer.rollout !== undefined);
  expect(touched.length).toBeLessThanOrEqual(5);
  expect(countBy(touched, ({ mark }) => mark.outcome)).toMatchObject({ reverted: expect.any(Number) });
  figures('bad image, canaries of 5 in 200 devices', { touched: touched.length, 'exit of --wait': 8 });
});

test('offers stop within five seconds of the report that crosses the limit', async () => {
  await simulate({ count: 400, prefix: 'late-', faults: 'bad-image=2.0.0' });
  const most = 10;
  const ended = await rollOut('late', 'late-', { bake: 1, rate: { perMinute: 600 }, failureLimit: { count: most } });
  expect(ended.code, ended.stderr).toBe(8);
  const fleet = await readDevices(hub, 'late-');
  const failures = fleet
    .filter(({ report }) => report.state === 'reverted')
    .map(({ reportedAt }) => reportedAt)
    .toSorted((a, b) => a - b);
  const crossedAt = failures[most] ?? Number.NaN;
  const lastOfferAt = Math.max(
    ...fleet.filter(({ offer }) => offer.rollout === 'late').map(({ offeredAt }) => offeredAt),
  );
  expect(lastOfferAt - crossedAt).toBeLessThan(5_000);
  figures('offers after the report that crosses the limit, at 600 offers a minute', {
    'seconds until the last offer': (lastOfferAt - crossedAt) / 1_000,
    'devices offered, of 400': fleet.filter(({ offer }) => offer.rollout === 'late').length,
    'failures allowed': most,
  });
});

test('a device that falls silent while it installs is lost, and counts', async () => {
  await simulate({ count: 20, prefix: 'brick-', faults: 'brick-image=2.0.0' });
  const ended = await rollOut('brick', 'brick-', { waves: [3, '100%'], bake: 1, failureLimit: { count: 0 } });
  expect(ended.code, ended.stderr).toBe(8);
  const fleet = await readDevices(hub, 'brick-');
  expect(countBy(fleet, ({ mark }) => mark.outcome)).toMatchObject({ lost: expect.any(Number), none: 17 });
  const { halt, summary } = await readState(hub, 'brick');
  expect(halt).toMatchObject({ kind: 'failure-limit' });
  figures('bricks, canaries of 3', { failuresByCode: JSON.stringify(summary.failuresByCode) });
});

test('a device that was never there is unreached, and counts for nothing', async () => {
  await simulate({ count: 20, prefix: 'here-' });
  await hub.iotctl('provision', '--count', '10', '--prefix', 'here-away-', '--tag', 'hardware=pump-v2', '--yes');
  const ended = await rollOut('here', 'here-', {
    waves: ['50%', '100%'],
    bake: 1,
    timeouts: { ...timeouts, offer: 5 },
    failureLimit: { count: 0 },
  });
  expect(ended.code, ended.stderr).toBe(0);
  const fleet = await readDevices(hub, 'here-');
  const { summary } = await readState(hub, 'here');
  expect(summary).toMatchObject({ decided: 20, failures: 0 });
  expect(countBy(fleet, ({ mark }) => mark.outcome)).toMatchObject({ succeeded: 20 });
  const states = summary.waves.reduce((sum, wave) => sum + (wave.states.unreached ?? 0), 0);
  figures('10 of 30 devices that are never there', {
    succeeded: summary.decided,
    failures: summary.failures,
    unreached: states,
  });
});

test('a device that reports a version it does not run is found', async () => {
  await simulate({ count: 10, prefix: 'lie-', faults: 'lie=1' });
  const ended = await rollOut('lie', 'lie-', { bake: 1, failureLimit: { count: 3 } });
  expect(ended.code, ended.stderr).toBe(0);
  const fleet = await readDevices(hub, 'lie-');
  const [liar, ...others] = fleet.filter(({ mark }) => mark.outcome !== 'succeeded');
  expect(others).toEqual([]);
  expect(liar?.report.version).toBe('2.0.0');
  expect(liar?.mark.code).toMatch(/^(?:old-digest|digest-differs|not-rebooted)$/);
  figures('one liar among ten', { outcome: liar?.mark.outcome, code: liar?.mark.code });
});
