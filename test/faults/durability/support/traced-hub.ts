/** scenario-hub.ts in a process of its own, with or without a tracer that kills or fails it at a certain system call. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HubInfo } from '../../../../src/hub/index.ts';

const program = new URL('scenario-hub.ts', import.meta.url).pathname;
const readyTimeoutMs = 30_000;

export interface TracedHub {
  /** Undefined when it ended before it was ready. */
  readonly info: HubInfo | undefined;
  readonly child: ChildProcess;
  log(): string;
  /** SIGTERM, or SIGKILL when it does not end soon. */
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

/** Whether strace can be used here; says so on standard error when it cannot. */
export function canTrace(): boolean {
  const { status } = spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
  if (status !== 0) process.stderr.write('tests that inject faults are skipped: strace cannot be used here\n');
  return status === 0;
}

/** What is done to system calls, as strace writes it. */
export interface Injection {
  /** Such as `pwrite64`. */
  readonly calls: string;
  /** Such as `signal=SIGKILL:when=7`; only watched when absent. */
  readonly inject?: string | undefined;
  /** Calls on these files alone. */
  readonly files?: readonly string[];
  /** Where every call is written. */
  readonly output?: string;
  /** With every byte, and the time. */
  readonly whole?: boolean;
}

export async function startTraced(
  directory: string,
  dataDir: string,
  { calls, inject, files = [], output = '/dev/null', whole = false }: Injection,
): Promise<TracedHub> {
  const readyFile = join(directory, `ready-${process.pid}-${(starts += 1)}.json`);
  const trace = ['-f', '-qq', '-y', '-o', output, '-e', `trace=${calls}`];
  // Faster; but a signal is not injected where the kernel filters calls.
  if (inject?.startsWith('signal') !== true) trace.push('--seccomp-bpf');
  const words = [...trace, ...files.flatMap((file) => ['-P', file])];
  if (whole) words.push('-xx', '-ttt', '-s', '1000000');
  if (inject !== undefined) words.push('-e', `inject=${calls}:${inject}`);
  words.push(process.execPath, program, dataDir, readyFile);
  // One thread for files, so that its calls have an order to be counted in.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const child = spawn('strace', words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-65_536)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const begin = performance.now();
  while (!existsSync(readyFile) && !isOver() && performance.now() - begin < readyTimeoutMs) await delay(2);
  const info = existsSync(readyFile) ? (JSON.parse(await readFile(readyFile, 'utf8')) as HubInfo) : undefined;
  await rm(readyFile, { force: true });
  return {
    info,
    child,
    ended,
    log: () => said,
    async stop() {
      if (!isOver() && info !== undefined) signal(info.pid, 'SIGTERM');
      await Promise.race([ended, delay(8_000, undefined, { ref: false })]);
      if (!isOver() && info !== undefined) signal(info.pid, 'SIGKILL');
      if (!isOver()) child.kill('SIGKILL');
      await ended;
    },
  };
}

let starts = 0;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
