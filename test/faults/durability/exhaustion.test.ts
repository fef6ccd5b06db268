/** C-08: a hub that may open few files, or has little memory. It goes on for those it has, and lets its operators in. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { memoryMb } from '../../rollout/support/processes.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { readJournal } from './support/journal.ts';
import { judge, unharmed } from './support/oracle.ts';
import { stageOfTests } from './support/stage.ts';

const size = atScale({ smoke: { acked: 2_000 }, full: { acked: 500_000 } });
const window = 10;

const stage = stageOfTests();

const limiter = spawnSync('prlimit', ['--version']).status === 0;
if (!limiter) process.stderr.write('the test with few open files is skipped: there is no prlimit\n');

test.skipIf(!limiter)(
  'C-08 few open files: those it has go on, operators get in, and the rest when there is room',
  async () => {
    const { startHub, startLoad } = stage();
    const openFiles = 256;
    const [few, many] = [50, 300];
    const hub = await startHub({ before: ['prlimit', `--nofile=${openFiles}:${openFiles}`] }, many);
    // More than can be connected at once: some are let in and go on, the others are refused and try again.
    const { ingest: crowd } = startLoad(hub, { devices: many, window }, 'crowd');
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
    const { ingest: later } = startLoad(hub, { devices: few, window }, 'later');
    await later.reaches(few * 20).catch(() => undefined);
    report('C-08', { openFiles, devices: many, acked: crowd.acked, operatorMs, status, ackedLater: later.acked });
    expect({ status, alive }).toEqual({ status: 200, alive: true });
    expect(later.acked).toBeGreaterThan(few);
    expect(hub.log()).toMatch(/fewer connections|open no more files/);
  },
);

test('C-08 little memory: telemetry goes on, within bounds, and nothing is lost', async () => {
  const { secret, startHub, startLoad } = stage();
  const heapMb = 64;
  const devices = 200;
  const hub = await startHub({ nodeWords: [`--max-old-space-size=${heapMb}`] }, devices);
  const { pid } = hub.info;
  const { ingest: load, journal } = startLoad(hub, { devices, window: 50 });
  await load.reaches(size.acked, 600_000);
  const { acked, sent } = await load.drain();
  const memory = memoryMb(pid);
  const verdict = await judge(readStored(hub), await readJournal(journal, devices), secret);
  report('C-08', { heapMb, ...verdict, residentMb: Math.round(memory?.most ?? 0) });
  expect(verdict).toMatchObject({ sent, acked, stored: sent, ...unharmed });
  expect(hub.child.exitCode).toBeNull();
});
