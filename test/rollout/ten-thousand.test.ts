// Ten thousand devices come to their end on two cores, and driving them costs little: of processor time, which does not depend on
// what else the machine does, and of memory.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figures, memoryMb, processorMs } from './support/processes.ts';
import { addFirmware, makeKeys, simulatePumps, untilTrue, writeSpec } from './support/pumps.ts';
import { openRolloutBox, type RolloutBox } from './support/rollout-box.ts';
import { countBy, readDevices, readState } from './support/story.ts';

const devices = 10_000;
let hub: RolloutBox;
let digest: string;

beforeAll(async () => {
  hub = await openRolloutBox({ hub: ['--no-controller'], plain: true, ranBefore: true });
  const { key, trust } = await makeKeys(hub);
  digest = await addFirmware(hub, '2.0.0', { key });
  await simulatePumps(hub, { count: devices, trust, speed: 30, rate: 20 });
}, 600_000);
afterAll(() => hub.close());

test('ten thousand devices in waves of 1 %, 10 % and all of them', async () => {
  const spec = await writeSpec(hub, 'large', '2.0.0', { waves: ['1%', '10%', '100%'], bake: 5 });
  await hub.iotctl('rollout', 'create', '-f', spec, '--yes');
  const begun = Date.now();
  const controller = hub.start(['controller', 'run', '--rollout', 'large', '--until-done']);
  const pid = controller.child.pid ?? 0;
  await untilTrue(async () => (await hub.record('rollouts/large/state')) !== undefined);
  let worked = processorMs(pid);
  let most = 0;
  let hubOwn = 0;
  await untilTrue(async () => {
    worked = processorMs(pid) ?? worked;
    most = Math.max(most, memoryMb(pid)?.most ?? 0);
    hubOwn = Math.max(hubOwn, memoryMb(hub.info.pid)?.own ?? 0);
    return controller.child.exitCode !== null;
  }, 500);
  const seconds = (Date.now() - begun) / 1_000;
  // Before this test reads the whole fleet itself.
  const hubMost = memoryMb(hub.info.pid)?.most;
  const ended = await controller.finished;
  expect(ended.code, ended.stderr).toBe(0);

  expect((await readState(hub, 'large')).phase).toBe('completed');
  const fleet = await readDevices(hub);
  expect(countBy(fleet, ({ report }) => report.digest)).toEqual({ [digest]: devices });
  expect(countBy(fleet, ({ mark }) => `${mark.outcome} ${mark.attempt}`)).toEqual({ 'succeeded 1': devices });
  await hub.iotctl('rollout', 'audit', 'large', '--verify');

  const perDevice = worked === undefined ? undefined : worked / devices;
  figures('10,000 devices', {
    'seconds to completion': seconds,
    'controller, processor ms per device': perDevice,
    'controller, MB at most': most,
    'hub, MB at most of its own (wanted: 300)': hubOwn,
    "hub, MB at most with the pages of Node's program": hubMost,
    'hub, processor seconds': (processorMs(hub.info.pid) ?? Number.NaN) / 1_000,
    'controller said': ended.stderr.trim().split('\n').at(-1),
  });
  if (perDevice !== undefined) expect(perDevice).toBeLessThanOrEqual(2);
  if (hubOwn > 0) expect(hubOwn).toBeLessThanOrEqual(300);
  // With some 65 of the program's pages, and what the machine's memory was at the time.
  if (hubMost !== undefined) expect(hubMost).toBeLessThanOrEqual(360);
});
