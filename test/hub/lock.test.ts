import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLocked, lockDirectory } from '../../src/hub/lock.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-lock-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test('when a directory is locked, nobody else gets it until the release', async () => {
  expect(isLocked(directory)).toBe(false);
  const lock = await lockDirectory(directory);
  expect(lock).toBeDefined();
  expect(isLocked(directory)).toBe(true);
  expect(await lockDirectory(directory)).toBeUndefined();
  expect(isLocked(directory)).toBe(true);
  lock?.release();
  expect(isLocked(directory)).toBe(false);
  (await lockDirectory(directory))?.release();
  expect((await stat(join(directory, 'hub.lock'))).mode & 0o777).toBe(0o600);
});

test('when the process that holds the lock is killed, the lock is free at once', async () => {
  const module = new URL('../../src/hub/lock.ts', import.meta.url).href;
  const script = `const { lockDirectory } = await import(${JSON.stringify(module)});
    globalThis.lock = await lockDirectory(${JSON.stringify(directory)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(isLocked(directory)).toBe(true);
  expect(await lockDirectory(directory)).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isLocked(directory)).toBe(false);
  const lock = await lockDirectory(directory);
  expect(lock).toBeDefined();
  lock?.release();
});
