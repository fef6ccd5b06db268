import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { bodyOf, readAll, temporaryDirectory, temporaryLog } from '../../../support/telemetry-log.ts';

const child = fileURLToPath(new URL('../../../support/appending-child.ts', import.meta.url));

function startAppending(file: string, ...rest: string[]): ChildProcessByStdio<null, Readable, null> {
  const running = spawn(process.execPath, [child, file, ...rest], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void running.kill('SIGKILL'));
  return running;
}

it('when the process is killed in the middle of appending, then every acknowledged message is there and nothing is torn', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  let from: ReadonlyMap<number, number> | 'earliest' = 'earliest';
  for (const kill of [1_500, 4_000]) {
    const acknowledged = new Set<number>();
    const running = startAppending(file, '500');
    const ended = new Promise((resolve) => running.on('close', resolve));
    for await (const line of createInterface(running.stdout)) {
      acknowledged.add(Number(line));
      if (acknowledged.size === kill) running.kill('SIGKILL');
    }
    await ended;
    const log = await temporaryLog({ file });
    const messages = await readAll(log, { from });
    from = await log.head();
    await log.close();
    const found = new Set(messages.map((message) => Number(bodyOf(message).split(' ')[0])));
    expect(acknowledged.size).toBeGreaterThanOrEqual(kill);
    expect([...acknowledged].filter((number) => !found.has(number))).toEqual([]);
    expect(found.size).toBe(messages.length);
  }
});

/** Of util-linux: changes a limit of a running process. */
const limiter = 'prlimit';
const canLimit = process.platform === 'linux' && spawnSync(limiter, ['--version']).status === 0;

it.runIf(canLimit)(
  'when the disk is full, then messages fail and no number is burnt; with space again, the log goes on',
  async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    const running = startAppending(file, '20', '2000');
    const limit = (bytes: string): void => {
      spawnSync(limiter, ['--pid', String(running.pid), `--fsize=${bytes}:`]);
    };
    const acknowledged: number[] = [];
    let phase: 'filling' | 'full' | 'again' = 'filling';
    let goal = Number.POSITIVE_INFINITY;
    for await (const line of createInterface(running.stdout)) {
      if (line.startsWith('!')) {
        expect(['!disk-full', '!io']).toContain(line);
        if (phase === 'full') {
          phase = 'again';
          goal = acknowledged.length + 200;
          limit('unlimited');
        }
      } else {
        acknowledged.push(Number(line));
        if (phase === 'filling' && acknowledged.length >= 200) {
          phase = 'full';
          limit('300000');
        }
        if (acknowledged.length >= goal) running.kill('SIGKILL');
      }
    }
    expect(phase).toBe('again');
    const log = await temporaryLog({ file });
    const messages = await readAll(log);
    const found = new Set(messages.map((message) => Number(bodyOf(message).split(' ')[0])));
    expect(acknowledged.filter((number) => !found.has(number))).toEqual([]);
    const next = new Map<number, number>();
    for (const { partition, sequenceNumber } of messages) {
      expect(sequenceNumber).toBe(next.get(partition) ?? 0);
      next.set(partition, sequenceNumber + 1);
    }
  },
);
