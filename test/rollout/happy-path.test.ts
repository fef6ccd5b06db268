// A good image reaches every device of a thousand, a wave at a time, and no wave opens before the one before it has passed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryMb, processorMs, figures } from './support/processes.ts';
import { addFirmware, makeKeys, simulatePumps, writeSpec } from './support/pumps.ts';
import { openRolloutBox, type RolloutBox } from './support/rollout-box.ts';
import { countBy, courseOf, readAudit, readDevices, readState } from './support/story.ts';

const devices = 1_000;
const bakeMs = 3_000;
let hub: RolloutBox;
let digest: string;

beforeAll(async () => {
  hub = await openRolloutBox();
  const { key, trust } = await makeKeys(hub);
  digest = await addFirmware(hub, '2.0.0', { key, size: 1_000_000 });
  await simulatePumps(hub, { count: devices, trust, speed: 30 });
});
afterAll(() => hub.close());

test('a thousand devices in waves of 5, 10 %, 50 % and all of them', async () => {
  const spec = await writeSpec(hub, 'happy', '2.0.0', {
    waves: [5, '10%', '50%', { size: '100%', gates: [connected] }],
    bake: bakeMs / 1_000,
    gates: [connected, { name: 'talking', telemetry: { aggregate: 'rate', over: 30 }, pass: '>= 0' }],
  });
  await hub.iotctl('rollout', 'plan', '-f', spec, '--out', 'plan.json');
  const begun = Date.now();
  const processor = processorMs(hub.info.pid) ?? Number.NaN;
  await hub.iotctl('rollout', 'create', 'plan.json', '--wait', '--timeout', '10m', '--report', 'happy.xml');
  const seconds = (Date.now() - begun) / 1_000;

  const state = await readState(hub, 'happy');
  const fleet = await readDevices(hub);
  expect(countBy(fleet, ({ report }) => report.digest)).toEqual({ [digest]: devices });
  expect(countBy(fleet, ({ mark }) => mark.outcome)).toEqual({ succeeded: devices });
  // Every device was offered it once.
  expect(countBy(fleet, ({ offer, mark }) => `${offer.attempt} ${mark.attempt}`)).toEqual({ '1 1': devices });
  expect(countBy(fleet, ({ mark }) => String(mark.wave))).toEqual({ '0': 5, '1': 95, '2': 400, '3': 500 });
  expectWavesInOrder(state.waves, fleet);

  const audit = await readAudit(hub, 'happy');
  const course = courseOf(audit);
  expect(course.filter((step) => !step.startsWith('gate'))).toEqual(
    [1, 2, 3, 4].flatMap((wave) => [`wave-opened ${wave}`, `wave-passed ${wave}`]),
  );
  for (const wave of [1, 2, 3]) {
    const gates = course
      .slice(0, course.indexOf(`wave-opened ${wave + 1}`))
      .filter((step) => step.startsWith(`gate-decided ${wave} `));
    expect(gates, `gates of wave ${wave} before the next`).toEqual(
      Array.from({ length: 2 }, () => `gate-decided ${wave} pass`),
    );
  }
  expect(await hub.iotctl('rollout', 'audit', 'happy', '--verify')).toBeDefined();

  figures('1,000 devices, waves 5, 10 %, 50 %, 100 %', {
    'seconds, bakes of 4 × 3 s among them': seconds,
    'hub with its controller, processor ms per device':
      ((processorMs(hub.info.pid) ?? Number.NaN) - processor) / devices,
    'hub, MB at most': memoryMb(hub.info.pid)?.most,
    'audit entries': audit.length,
  });
});

const connected = { name: 'connected', twin: { where: "connectionState = 'Connected'" }, pass: '>= 0.95' };

/** By the times that the hub itself has put to what was written. */
function expectWavesInOrder(
  waves: Awaited<ReturnType<typeof readState>>['waves'],
  fleet: Awaited<ReturnType<typeof readDevices>>,
): void {
  for (const [wave, { openedAt }] of waves.entries()) {
    const mine = fleet.filter(({ mark }) => mark.wave === wave);
    expect(Math.min(...mine.map(({ offeredAt }) => offeredAt))).toBeGreaterThanOrEqual(openedAt);
    const before = waves[wave - 1];
    if (before === undefined) continue;
    expect(openedAt).toBeGreaterThanOrEqual(before.closedAt ?? Number.POSITIVE_INFINITY);
    for (const gate of before.gates) {
      expect(gate.verdict).toBe('pass');
      expect(openedAt).toBeGreaterThanOrEqual(gate.last?.at ?? Number.POSITIVE_INFINITY);
    }
    const confirmed = fleet.filter(({ mark }) => mark.wave === wave - 1).map(({ reportedAt }) => reportedAt);
    expect(openedAt).toBeGreaterThanOrEqual(Math.max(...confirmed) + bakeMs);
  }
}
