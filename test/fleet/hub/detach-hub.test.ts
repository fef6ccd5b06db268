import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detachHub, type DetachRequest } from '../../../src/fleet/hub/index.ts';
import { failureOf } from '../../support/memory-hub.ts';
import { realClock } from '../../support/real-clock.ts';

describe('a hub in the background', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-detach-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Starts a program in place of the hub. */
  function detach(program: string, more: Partial<DetachRequest> = {}): ReturnType<typeof detachHub> {
    return detachHub({
      words: [process.execPath, '-e', program],
      env: { READY: join(directory, 'ready.json') },
      readyFile: join(directory, 'ready.json'),
      logFile: join(directory, 'hub.log'),
      timeoutMs: 10_000,
      clock: realClock,
      ...more,
    });
  }

  it('when it writes the ready file, then that is the answer, and its words are in the log', async () => {
    // It stays, as a hub does: one that has ended is not ready.
    const program = `require('node:fs').writeFileSync(process.env.READY, JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1000)`;
    // That of another hub is no answer.
    await writeFile(join(directory, 'ready.json'), '{"pid":7}');
    const { pid } = await detach(`console.log('words'); ${program}`);
    expect(pid).not.toBe(7);
    process.kill(pid);
    const log = join(directory, 'hub.log');
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    expect(await readFile(log, 'utf8')).toContain('words');
  });

  it('when it fails, then its failure is ours, with the same code and hint', async () => {
    const error = {
      code: 'port-taken',
      message: 'port 8883 is taken',
      hint: 'choose another',
      details: { port: 8883 },
    };
    const failure = await failureOf(
      detach(
        `console.error('{"level":30}'); console.error(${JSON.stringify(JSON.stringify({ error }))}); process.exitCode = 1`,
      ),
    );
    expect(failure).toMatchObject(error);
  });

  it('when it fails without words, then the log is named', async () => {
    expect(await failureOf(detach('process.exitCode = 3'))).toMatchObject({
      code: 'hub-failed',
      hint: expect.stringContaining('hub.log'),
    });
  });

  it('when it cannot be started at all, then it says so', async () => {
    expect(await failureOf(detach('', { words: [join(directory, 'missing')] }))).toMatchObject({ code: 'io' });
  });

  it('when it is never ready, then it is ended and the wait too', async () => {
    const program = `require('node:fs').writeFileSync(process.env.READY + '.pid', String(process.pid)); setInterval(() => 0, 1000)`;
    expect(await failureOf(detach(program, { timeoutMs: 1_500 }))).toMatchObject({ code: 'timed-out' });
    const pid = Number(await readFile(join(directory, 'ready.json.pid'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
