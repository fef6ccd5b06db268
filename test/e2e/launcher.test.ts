import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../architecture/source-files.ts';
import { createSandbox, launcher, type Sandbox } from './harness/sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.remove());

/** A Node on this machine that is too old for iotctl, if there is one. */
function findOldNode(): string | undefined {
  for (const path of ['/usr/bin/node', '/usr/local/bin/node']) {
    try {
      const [major = 0, minor = 0] = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
        .split('.')
        .map(Number);
      if (major < 22 || (major === 22 && minor < 18)) return path;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

const oldNode = findOldNode();
if (oldNode === undefined) process.stderr.write('launcher tests on an old Node are skipped: none is installed\n');

function runOld(
  words: readonly string[],
  env: Record<string, string> = {},
): { stdout: string; stderr: string; code: number | null } {
  try {
    const stdout = execFileSync(oldNode ?? '', [launcher, ...words], {
      encoding: 'utf8',
      env: { ...sandbox.env, ...env },
      stdio: 'pipe',
    });
    return { stdout, stderr: '', code: 0 };
  } catch (error) {
    const { stdout, stderr, status } = error as { stdout: string; stderr: string; status: number | null };
    return { stdout, stderr, code: status };
  }
}

describe('the launcher', () => {
  test('is short, and plain JavaScript', () => {
    const text = readFileSync(launcher, 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThan(15);
    expect(text).not.toMatch(/\?\?|\?\.|^import .*'node:/m);
    expect(statSync(launcher).mode & 0o111).not.toBe(0);
  });

  test('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
    expect(await sandbox.run(['--version'])).toEqual({ stdout: `${version}\n`, stderr: '', code: 0, signal: null });
  });

  test('keeps compiled code in the cache of the user, out of reach of others', async () => {
    await sandbox.run(['--help']);
    const cache = await stat(join(sandbox.env['IOTCTL_CACHE_DIR'] ?? '', 'compile'));
    expect(cache.isDirectory()).toBe(true);
    expect(cache.mode & 0o022).toBe(0);
  });

  test.skipIf(oldNode === undefined)(
    'runs the pinned Node where the outer one is too old, with exit code and streams',
    () => {
      expect(runOld(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      expect(runOld(['nope'])).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown command 'nope'") });
    },
  );

  test.skipIf(oldNode === undefined)('says in one line what is needed where there is no better Node', () => {
    expect(runOld(['--version'], { IOTCTL_NO_REEXEC: '1' })).toEqual({
      code: 69,
      stdout: '',
      stderr: expect.stringMatching(/^iotctl: needs Node\.js 22\.18 or newer, this is v[\d.]+\n$/),
    });
  });

  test.skipIf(oldNode === undefined)('passes signals on', async () => {
    const child = spawn(oldNode ?? '', [launcher, 'provision', '--from', '-'], {
      env: { ...sandbox.env },
      stdio: 'pipe',
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    // The program waits for its input, or has ended with no hub chosen before: both are ends in order.
    await new Promise((resolve) => child.once('spawn', resolve));
    child.kill('SIGTERM');
    expect([143, 2, null]).toContain(await ended);
  });
});
