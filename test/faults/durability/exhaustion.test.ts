/** C-08: a hub that may open few files, or has little memory. It goes on for those it has, and lets its operators in. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../../e2e/harness/sandbox.ts';
import { memoryMb } from '../../rollout/support/processes.ts';
import { registerDevices, startHubProcess, type HubProcess } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { startIngest, type Ingest } from './support/ingest.ts';
import { readJournal } from './support/journal.ts';
import { judge } from './support/oracle.ts';

const size = atScale({ smoke: { acked: 2_000 }, full: { acked: 500_000 } });
const window = 10;

let box: Sandbox;
let hub: HubProcess | undefined;
let loads: Ingest[];

beforeEach(async () => {
  loads = [];
  box = await createSandbox();
});

afterEach(async () => {
  for (const load of loads) load.end();
  await hub?.kill();
  await box.remove();
});

const limiter = spawnSync('prlimit', ['--version']).status === 0;
if (!limiter) process.stderr.write('the test with few open files is skipped: there is no prlimit\n');

test.skipIf(!limiter)(
  'C-08 few open files: those it has go on, operators get in, and the rest when there is room',
  async () => {
    const secret = randomBytes(16).toString('hex');
    const openFiles = 256;
    const [few, many] = [50, 300];
    hub = await startHubProcess(box, {
      dataDir: join(box.directory, 'hub'),
      before: ['prlimit', `--nofile=${openFiles}:${openFiles}`],
    });
    await registerDevices(hub, secret, many);
    const { ports, hostName } = hub.info;
    const load = (name: string, devices: number): Ingest => {
      const journal = join(box.directory, name);
      const started = startIngest({ port: ports.mqtt ?? 0, hostName, journal, devices, window, secret });
      loads.push(started);
      return started;
    };
    // More than can be connected at once: some are let in and go on, the others are refused and try again.
    const crowd = load('crowd', many);
    await crowd.reaches(few);
    const begin = performance.now();
    const answer = await hub.request('GET', '/twins/d0');
    const operatorMs = Math.round(performance.now() - begin);
    const status = answer.status;
    const alive = hub.child.exitCode === null;
    const before = crowd.acked;
    await crowd.reaches(before + 1);
    crowd.end();
    // The crowd is gone: there is room again.
    const later = load('later', few);
    await later.reaches(few * 20).catch(() => undefined);
    report('C-08', { openFiles, devices: many, acked: crowd.acked, operatorMs, status, ackedLater: later.acked });
    expect({ status, alive }).toEqual({ status: 200, alive: true });
    expect(later.acked).toBeGreaterThan(few);
    expect(hub.log()).toMatch(/fewer connections|open no more files/);
  },
);

test('C-08 little memory: telemetry goes on, within bounds, and nothing is lost', async () => {
  const secret = randomBytes(16).toString('hex');
  const heapMb = 64;
  const devices = 200;
  const journal = join(box.directory, 'journal');
  hub = await startHubProcess(box, {
    dataDir: join(box.directory, 'hub'),
    nodeWords: [`--max-old-space-size=${heapMb}`],
  });
  await registerDevices(hub, secret, devices);
  const { ports, hostName, pid } = hub.info;
  const load = startIngest({ port: ports.mqtt ?? 0, hostName, journal, devices, window: 50, secret });
  loads.push(load);
  await load.reaches(size.acked, 600_000);
  const { acked, sent } = await load.drain();
  const memory = memoryMb(pid);
  const verdict = await judge(readStored(hub), await readJournal(journal, devices), secret);
  report('C-08', { heapMb, ...verdict, residentMb: Math.round(memory?.most ?? 0) });
  expect(verdict).toMatchObject({
    sent,
    acked,
    stored: sent,
    lost: 0,
    phantoms: 0,
    orderBreaks: 0,
    wrongDuplicates: 0,
  });
  expect(hub.child.exitCode).toBeNull();
});
