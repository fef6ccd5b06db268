import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import { run } from '../../../../src/cli/run.ts';
import { releaseRecord, releaseValue } from '../../../../src/fleet/firmware/firmware-records.ts';
import type { HaltReason, State } from '../../../../src/fleet/rollout/model/record.ts';
import type { Hub } from '../../../../src/fleet/ports.ts';
import { recordNames } from '../../../../src/fleet/rollout/records/index.ts';
import { createWorld, type World } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { fakeSystem, runLine } from '../../support/fake-terminal.ts';
import { roomsWith, type, type Ended } from '../../support/memory-rooms.ts';
import { sampleFirmware } from '../../../support/sample-plan.ts';
import { sampleStatus } from '../../../support/sample-status.ts';

let directory = '';
let world: World;
let hub: Hub;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'iotctl-rollout-'));
  world = createWorld();
  const part = world.connect().hub;
  hub = { ...part, close: async () => undefined } as unknown as Hub;
  for (let index = 0; index < 10; index++)
    world.add({ deviceId: `pump-${index}`, tags: { site: 'north', hardware: 'pump-v2', firmwareVersion: '1.0.0' } });
  const signed = sampleFirmware();
  world.artifacts.put({ sha256: signed.manifest.sha256, size: signed.manifest.size });
  await part.records.write(
    releaseRecord(signed.manifest),
    releaseValue({ signed, addedAt: '2026-01-01T00:00:00.000Z' }),
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string): string => join(directory, name);
const env = { NO_COLOR: '1', IOTCTL_ACTOR: 'mara' };
const rollout = (...words: string[]): Promise<Ended> => type(hub, ['rollout', ...words], { env });
const flags = ['--firmware', 'pump@2.0.0', '--where', "tags.site = 'north'", '--waves', '1,50%,100%', '--id', 'pump-2'];

async function keptPlan(): Promise<string> {
  const ended = await rollout('plan', ...flags, '--out', file('plan.json'));
  expect(ended.code, ended.stderr).toBe(0);
  return file('plan.json');
}

/** Writes what a controller would have written. */
async function standsAs(change: Partial<State>): Promise<void> {
  const { state } = sampleStatus({ waveEnds: [1, 5, 10] });
  await hub.records.write(recordNames('pump-2').state, {
    format: 1,
    state: { ...state, ...change } as unknown as JsonObject,
  });
}

/** Waits for a rollout that goes on, and lets something happen meanwhile. */
async function waiting(words: readonly string[], happens: (system: ReturnType<typeof fakeSystem>) => unknown) {
  const system = fakeSystem({ argv: ['rollout', 'status', 'pump-2', '--wait', ...words], env });
  const running = run(system, roomsWith(hub), commandTable);
  while (system.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  await happens(system);
  await running;
  return { code: system.exits[0], stderr: system.stderr.text };
}

async function complete(kind: string): Promise<string> {
  return (await type(hub, ['__complete', kind], { env: { ...env, IOTCTL_CACHE_DIR: directory } })).stdout;
}

describe('rollout plan', () => {
  test('shows the waves and the digest, and keeps the plan', async () => {
    const { stdout, stderr, code } = await rollout('plan', ...flags, '--out', file('plan.json'));
    expect(code).toBe(0);
    const plan = JSON.parse(readFileSync(file('plan.json'), 'utf8')) as { digest: string; devices: unknown[] };
    expect(plan.devices).toHaveLength(10);
    expect(stdout).toContain('VERSIONS NOW');
    expect(stdout).toContain('pump-2 brings pump@2.0.0 to 10 devices in 3 waves');
    expect(stdout).toContain(`plan ${plan.digest}\n`);
    expect(stderr).toContain(`next: iotctl rollout create ${file('plan.json')}`);
  });

  test('is a document for programs, with every default filled in', async () => {
    const { stdout } = await rollout('plan', ...flags, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'pump-2',
      devices: 10,
      offered: 10,
      waves: [{ wave: 1, devices: 1, versions: { '1.0.0': 1 } }, { wave: 2 }, { wave: 3, devices: 5 }],
      spec: { policy: { onFailure: 'pause', bake: 300 } },
    });
  });

  test('takes a specification, in which flags count more', async () => {
    writeFileSync(
      file('spec.yaml'),
      'id: from-file\nfirmware: { name: pump, version: 2.0.0 }\ntarget: { where: "tags.site = \'north\'" }\npolicy: { bake: 30m, waves: [100%] }\n',
    );
    const words = ['-f', file('spec.yaml'), '--id', 'from-flag', '--failure-limit', '2%,5', '--on-failure', 'abort'];
    const { stdout } = await rollout('plan', ...words, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'from-flag',
      spec: { policy: { bake: 1_800, failureLimit: { rate: 0.02, count: 5 }, onFailure: 'abort' } },
    });
  });

  test('names an id by the firmware, and takes globs for the devices they match', async () => {
    const { stdout } = await rollout('plan', 'pump-[0]', 'pump-1', 'pump-?', '--firmware', 'pump@2.0.0', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ id: 'pump-2-0-0', devices: 10, spec: { target: {} } });
  });

  test.each([
    [[], /what is to be rolled out/],
    [['--firmware', 'pump@2.0.0'], /which devices are to get it/],
    [['pump-1', '--firmware', 'pump'], /not NAME@VERSION/],
    [
      ['pump-1', '--firmware', 'pump@2.0.0', '--waves', '5,all'],
      /"all" is neither a number of devices nor a percentage/,
    ],
    [['pump-1', '--firmware', 'pump@2.0.0', '--failure-limit', 'two'], /neither a share such as 2% nor a number/],
    [['pump-1', '--firmware', 'pump@2.0.0', '--id', 'Pump 2'], /the command line: id: /],
  ] as const)('refuses %j', async (words, message) => {
    const { code, stderr } = await rollout('plan', ...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('rollout create', () => {
  test('begins a plan, attaches to it, and refuses another one', async () => {
    const plan = await keptPlan();
    expect((await rollout('create', plan)).stderr).toContain('rollout pump-2 is created for 10 devices');
    const again = await rollout('apply', plan);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('rollout pump-2 is there already and goes on');
    expect((await rollout('create', ...flags, '--yes')).stderr).toContain('is there already and goes on');
    const other = await rollout('create', ...flags, '--on-failure', 'revert', '--yes');
    expect(other.code).toBe(5);
    expect(other.stderr).toContain('and it is another one');
  });

  test('refuses a plan that no longer fits, or that was changed', async () => {
    const plan = await keptPlan();
    const text = readFileSync(plan, 'utf8');
    writeFileSync(file('changed.json'), text.replace('"wave":0', '"wave":1'));
    expect((await rollout('create', file('changed.json'))).code).toBe(5);
    world.remove('pump-3');
    const { code, stderr } = await rollout('create', plan, '-o', 'json');
    expect(code).toBe(5);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'drifted', details: { gone: ['pump-3'] } } });
    expect((await rollout('list', '-o', 'name')).stdout).toBe('');
  });

  test('by a specification asks with the number of devices', async () => {
    const { code, stderr } = await rollout('create', ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain('pump-2 brings pump@2.0.0 to 10 devices in 3 waves, on');
    expect((await rollout('create', ...flags, '--dry-run')).code).toBe(0);
    expect((await rollout('list', '-o', 'name')).stdout).toBe('');
    expect((await rollout('create', ...flags, '--yes')).code).toBe(0);
    expect((await rollout('list', '-o', 'name')).stdout).toBe('pump-2\n');
  });

  test('at a hub in the cloud says who can drive it', async () => {
    const rooms = roomsWith(hub, { kind: 'cloud' });
    const { code, stderr } = await runLine(
      commandTable,
      { argv: ['rollout', 'create', ...flags, '--yes'], env },
      rooms,
    );
    expect(code).toBe(0);
    expect(stderr).toContain('iotctl controller run');
  });

  test('takes a plan or a specification, not both', async () => {
    expect((await rollout('create', 'plan.json', '--firmware', 'pump@2.0.0')).code).toBe(2);
  });
});

describe('rollout status --wait', () => {
  const limit: HaltReason = { kind: 'failure-limit', decided: 10, failures: 3 };
  test.each([
    ['completed', { phase: 'completed', endedAt: 1 }, 0],
    ['halted', { phase: 'paused', halt: limit }, 8],
    ['aborted', { phase: 'aborted', endedAt: 1 }, 8],
    ['needs-person', { phase: 'paused', halt: { kind: 'approval', wave: 1 } }, 10],
  ] as const)('ends a rollout that is %s with its exit code', async (standing, state, exit) => {
    await rollout('create', ...flags, '--yes');
    await standsAs(state);
    const report = file('report.xml');
    const { code, stdout } = await rollout('status', 'pump-2', '--wait', '--report', report, '-o', 'json');
    expect(code).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'pump-2', standing });
    expect(readFileSync(report, 'utf8')).toContain('<testcase classname="pump-2.wave-1"');
    expect((await rollout('status', 'pump-2')).code).toBe(0);
  });

  test('gives up when the time is up, and leaves the rollout alone', async () => {
    await rollout('create', ...flags, '--yes');
    const { code, stderr } = await waiting(['--timeout', '5s'], ({ clock }) => clock.advance(6_000));
    expect(code).toBe(124);
    expect(stderr).toContain('it goes on');
  });

  test('ends with Ctrl-C, and leaves the rollout alone', async () => {
    await rollout('create', ...flags, '--yes');
    const { code, stderr } = await waiting([], (system) => system.send('SIGINT'));
    expect(code).toBe(130);
    expect(stderr).toContain('the rollout goes on; wait again with: iotctl rollout status pump-2 --wait');
  });

  test('sees it end', async () => {
    await rollout('create', ...flags, '--yes');
    const { code } = await waiting([], async ({ clock }) => {
      await standsAs({ phase: 'completed' });
      await clock.advance(2_000);
    });
    expect(code).toBe(0);
  });

  test('takes reports of three kinds only', async () => {
    expect((await rollout('status', 'pump-2', '--report', 'report.txt')).code).toBe(2);
    expect((await rollout('status', 'nope')).code).toBe(3);
  });
});

describe('what operators ask', () => {
  beforeEach(async () => void (await rollout('create', ...flags, '--yes')));

  test('is kept, audited and shown', async () => {
    const { code, stdout } = await rollout('pause', 'pump-2', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ asked: { paused: true } });
    expect((await rollout('pause', 'pump-2')).stderr).toContain('is paused already');
    expect((await rollout('resume', 'pump-2', '-o', 'json')).code).toBe(0);
    const audit = JSON.parse((await rollout('audit', 'pump-2', '-o', 'json')).stdout) as {
      actor: string;
      action: string;
    }[];
    expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'mara created',
      'mara pause',
      'mara resume',
    ]);
    expect((await rollout('audit', 'pump-2', '--verify')).code).toBe(0);
  });

  test('that ends something is asked about with the number of devices', async () => {
    const refused = await rollout('abort', 'pump-2');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('Abort pump-2, 10 devices not begun stay as they are');
    expect((await rollout('abort', 'pump-2', '--dry-run')).code).toBe(0);
    expect((await rollout('abort', 'pump-2', '--yes', '-o', 'json')).stdout).toContain('"ending": "abort"');
    expect((await rollout('resume', 'pump-2')).code).toBe(5);
  });

  test('of a rollout in its state may be impossible', async () => {
    expect((await rollout('approve', 'pump-2')).stderr).toContain('no wave of rollout pump-2 needs an approval');
    expect((await rollout('retry', 'pump-2', 'pump-1')).stderr).toContain('there is nothing to try again');
    expect((await rollout('retry', 'pump-2', '--failed')).code).toBe(3);
    expect((await rollout('retry', 'pump-2')).code).toBe(2);
  });

  test('an audit that was changed is found', async () => {
    const name = recordNames('pump-2').auditRecord(1);
    const record = await hub.records.read(name);
    const text = JSON.stringify(record?.value).replace('"actor":"mara"', '"actor":"jon"');
    await hub.records.write(name, JSON.parse(text) as JsonObject);
    const { code, stdout } = await rollout('audit', 'pump-2', '--verify', '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false });
  });
});

describe('looking', () => {
  beforeEach(async () => void (await rollout('create', ...flags, '--yes')));

  test('why says where a device stands and what it waits for', async () => {
    const { stdout } = await rollout('why', 'pump-2', 'pump-4', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ deviceId: 'pump-4', state: 'planned', waitsFor: [{ kind: 'wave' }] });
    expect((await rollout('why', 'pump-2', 'pump-4')).stdout).toContain('Waits for:');
    expect((await rollout('why', 'pump-2', 'nope')).code).toBe(3);
  });

  test('show has every setting, or a row for each device', async () => {
    expect((await rollout('show', 'pump-2')).stdout).toContain('warinessTag');
    expect((await rollout('show', 'pump-2', '--wave', '1', '-o', 'name')).stdout).toMatch(/^pump-\d\n$/);
    expect((await rollout('show', 'pump-2', '--devices', '--failed')).stderr).toContain(
      'no device of the rollout is like this',
    );
  });

  test('watch tells changes on a pipe, and draws on a terminal', async () => {
    await standsAs({ phase: 'completed', endedAt: 1 });
    const lines = (await rollout('watch', 'pump-2')).stdout.trimEnd().split('\n');
    const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['wave-opened', 'phase', 'progress']);
    const drawn = await type(hub, ['rollout', 'watch', 'pump-2'], { env, isTTY: true });
    expect(drawn.stdout).toContain('completed after');
    expect(drawn.stdout).not.toContain('\u001b[3');
  });

  test('names are completed', async () => {
    expect(await complete('rollout')).toBe('pump-2\n');
    expect(await complete('firmware')).toBe('pump@2.0.0\n');
  });
});
