// A whole rollout in a few seconds: a hub with its controller, fifty devices that update themselves, and the program that begins it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addFirmware, makeKeys, simulatePumps, writeSpec } from '../rollout/support/pumps.ts';
import { openRolloutBox, type RolloutBox } from '../rollout/support/rollout-box.ts';
import { countBy, courseOf, readAudit, readDevices } from '../rollout/support/story.ts';

const devices = 50;
let hub: RolloutBox;
let digest: string;

beforeAll(async () => {
  hub = await openRolloutBox();
  const { key, trust } = await makeKeys(hub);
  digest = await addFirmware(hub, '2.0.0', { key });
  await simulatePumps(hub, { count: devices, trust, speed: 100 });
});
afterAll(() => hub.close());

test('fifty devices in two waves with a gate', async () => {
  const connected = { name: 'connected', twin: { where: "connectionState = 'Connected'" }, pass: '>= 0.9' };
  const spec = await writeSpec(hub, 'smoke', '2.0.0', { waves: [5, '100%'], bake: 1, gates: [connected] });
  await hub.iotctl('rollout', 'plan', '-f', spec, '--out', 'smoke.plan.json');
  await hub.iotctl('rollout', 'create', 'smoke.plan.json', '--wait', '--timeout', '2m', '--report', 'smoke.xml');
  const fleet = await readDevices(hub);
  expect(countBy(fleet, ({ report }) => report.digest)).toEqual({ [digest]: devices });
  expect(countBy(fleet, ({ mark }) => `${mark.outcome}, wave ${mark.wave}`)).toEqual({
    'succeeded, wave 0': 5,
    'succeeded, wave 1': 45,
  });
  const first = ['wave-opened 1', 'gate-decided 1 pass', 'wave-passed 1'];
  expect(courseOf(await readAudit(hub, 'smoke'))).toEqual([...first, ...first.map((step) => step.replace('1', '2'))]);
  await hub.iotctl('rollout', 'audit', 'smoke', '--verify');
  expect(await readFile(join(hub.box.directory, 'smoke.xml'), 'utf8')).toMatch(/tests="52" failures="0"/);
}, 60_000);
