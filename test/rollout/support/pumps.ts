/** Fleets of simulated pumps, and firmware for them. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/std/json.ts';
import type { RolloutBox } from './rollout-box.ts';

export interface PumpFleet {
  readonly count: number;
  /** Keys that the devices trust. */
  readonly trust: string;
  /** How much faster than real time. */
  readonly speed?: number;
  /** As `simulate --faults` reads it. */
  readonly faults?: string;
  readonly prefix?: string;
  readonly seed?: number;
  /** Messages per second of all devices together. */
  readonly rate?: number;
}

/** Starts a fleet in a process of its own; resolves when every device that is not meant to be away has said what it runs. */
export async function simulatePumps(
  hub: RolloutBox,
  { count, trust, speed = 60, faults, prefix = 'pump-', seed = 1, rate = 20 }: PumpFleet,
): Promise<ReturnType<RolloutBox['start']>> {
  await hub.iotctl('provision', '--count', String(count), '--prefix', prefix, '--tag', 'product=pump', '--yes');
  const words = `simulate oil-pump --count ${count} --prefix ${prefix} --seed ${seed} --speed ${speed}x --rate ${rate}`;
  const firmware = `--firmware --firmware-version 1.0.0 --hardware pump-v2 --trust ${trust}`;
  const simulation = hub.start([
    ...`${words} ${firmware}`.split(' '),
    ...(faults === undefined ? [] : ['--faults', faults]),
  ]);
  const away = /\boffline=/.test(faults ?? '');
  const where = `STARTSWITH(deviceId, '${prefix}') AND IS_DEFINED(properties.reported.firmware.digest)`;
  await untilTrue(async () => {
    if (simulation.child.exitCode !== null) throw new Error((await simulation.finished).stderr);
    const ready = await hub.query(`SELECT deviceId FROM devices WHERE ${where}`);
    return ready.length >= (away ? count / 2 : count);
  });
  return simulation;
}

/** Makes keys in `keys/`, and tells the hub of them. */
export async function makeKeys(hub: RolloutBox): Promise<{ readonly key: string; readonly trust: string }> {
  await hub.iotctl('firmware', 'keygen', 'release', '--out', 'keys');
  await hub.iotctl('firmware', 'rotate-key', '--publish', 'keys/release.trust.json', '--yes');
  return { key: 'keys/release.key', trust: 'keys/release.trust.json' };
}

/** Makes a file of so many bytes, signs it, and adds it to the hub as `pump@VERSION`; answers its SHA-256. */
export async function addFirmware(
  hub: RolloutBox,
  version: string,
  { key, size = 64 * 1_024, counter = 2 }: { readonly key: string; readonly size?: number; readonly counter?: number },
): Promise<string> {
  const file = `pump-${version}.bin`;
  const content = Buffer.alloc(size, `firmware ${version} `);
  await writeFile(join(hub.box.directory, file), content);
  const words = ['--hardware', 'pump-v2', '--key', key, '--release-counter', String(counter)];
  await hub.iotctl('firmware', 'sign', file, `pump@${version}`, ...words);
  await hub.iotctl('firmware', 'add', `pump-${version}.json`, '--file', file, '--yes');
  return createHash('sha256').update(content).digest('hex');
}

/** Writes a specification for the pumps whose ids begin so. */
export async function writeSpec(
  hub: RolloutBox,
  id: string,
  version: string,
  policy: JsonObject,
  prefix = 'pump-',
): Promise<string> {
  const target = { where: `STARTSWITH(deviceId, '${prefix}')` };
  const file = `${id}.json`;
  const spec = { id, firmware: { name: 'pump', version }, target, policy };
  await writeFile(join(hub.box.directory, file), JSON.stringify(spec, null, 2));
  return file;
}

/** Asks again until the answer is yes, each time when the answer before has come. */
export async function untilTrue(ask: () => Promise<boolean>, pauseMs = 100): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
