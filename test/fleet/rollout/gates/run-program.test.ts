import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createProgramRunner } from '../../../../src/fleet/rollout/gates/index.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { realClock } from '../../../support/real-clock.ts';

const run = createProgramRunner(realClock, {
  ...process.env,
  IOTCTL_CONNECTION_STRING: 'HostName=h;SharedAccessKey=secret',
});
const node = (script: string): string[] => [process.execPath, '-e', script];
const options = { env: { IOTCTL_ROLLOUT: 'r' }, timeoutMs: 10_000 };

test('gives the exit code and the last line with something in it', async () => {
  expect(await run(node('console.log("first\\nsecond\\n\\n"); process.exitCode = 3'), options)).toEqual({
    kind: 'exited',
    code: 3,
    lastLine: 'second',
  });
});

test('a program sees what the gate tells it, and no secret', async () => {
  const end = await run(node('console.log(JSON.stringify(process.env))'), options);
  const seen = JSON.parse(end.kind === 'exited' ? end.lastLine : '{}') as Record<string, string>;
  expect(seen['IOTCTL_ROLLOUT']).toBe('r');
  expect(JSON.stringify(seen)).not.toContain('secret');
  expect(Object.keys(seen).filter((name) => /^(IOTCTL|VITEST)/.test(name))).toEqual(['IOTCTL_ROLLOUT']);
});

test('words reach the program as they are: there is no shell', async () => {
  const words = ['$HOME', '; echo x', '`id`', '*', ''];
  const end = await run([...node('console.log(JSON.stringify(process.argv.slice(1)))'), ...words], options);
  expect(end).toMatchObject({ lastLine: JSON.stringify(words) });
});

test('much output costs nothing, and its last line is what counts', async () => {
  const end = await run(node('console.log("x".repeat(1e6)); console.log("end")'), options);
  expect(end).toMatchObject({ kind: 'exited', code: 0, lastLine: 'end' });
});

test('a program that is not there is not started', async () => {
  expect(await run(['/nowhere/at/all'], options)).toEqual({
    kind: 'not-started',
    reason: 'cannot start /nowhere/at/all: there is no such program',
  });
});

test('a program that takes too long is ended with what it has started', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-gate-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'pid');
  const child = `require("fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" })`;
  const clock = fakeClock();
  const running = createProgramRunner(clock, process.env)(node(parent), { ...options, timeoutMs: 2_000 });
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8') !== '', { timeout: 15_000 }).toBe(true);
  await clock.advance(2_000);
  expect(await running).toEqual({ kind: 'timed-out', reason: 'it took longer than 2 s' });
  const pid = Number(await readFile(file, 'utf8'));
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test('an abort ends the program, and is the reason', async () => {
  const abort = new AbortController();
  const running = run(node('setInterval(() => {}, 1000)'), { ...options, signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  await expect(run(node(''), { ...options, signal: abort.signal })).rejects.toThrow('enough');
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended stays in the table until somebody asks how, which a machine without an init never does.
    return !existsSync(`/proc/${pid}/stat`) || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
