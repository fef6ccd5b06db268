/** Processor time says more than a clock on a machine that others use too. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** Clock ticks per second in /proc: 100 on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/**
 * Processor time a process has used so far with all its threads, user and system, in milliseconds. Steps of 10 ms on Linux, of a
 * second elsewhere.
 */
export function processorMs(pid: number): number {
  if (process.platform !== 'linux') return psMs(pid);
  // The name of the program, in brackets, may hold spaces; the fields after it do not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

function psMs(pid: number): number {
  const time = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000;
}

export interface CostOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdoutFile?: string;
  /** So often one after the other, for short programs: shells count in steps of 10 ms. */
  readonly times?: number;
}

/** Runs a program of this Node to its end; the processor time one run used, in milliseconds. Throws when it fails. */
export async function costOfNode(
  args: readonly string[],
  { env = process.env, stdoutFile, times: count = 1 }: CostOptions = {},
): Promise<number> {
  const file = openSync(stdoutFile ?? '/dev/null', 'w', 0o600);
  try {
    // Node.js does not say what its children used, a shell does.
    const script = 'n=$1; shift; while [ $n -gt 0 ]; do "$@" || exit $?; n=$((n - 1)); done; times >&3';
    const child = spawn('/bin/sh', ['-c', script, 'sh', String(count), process.execPath, ...args], {
      env,
      stdio: ['ignore', file, 'pipe', 'pipe'],
    });
    const said = Promise.all([child.stdio[2], child.stdio[3]].map((stream) => text(stream as NodeJS.ReadableStream)));
    const [code] = (await once(child, 'close')) as [number | null];
    const [errors = '', times = ''] = await said;
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${errors.slice(-2_000)}`);
    return childrenMs(times) / count;
  } finally {
    closeSync(file);
  }
}

/** The second line of `times` is about children: `0m0.030s 0m0.010s`. */
function childrenMs(times: string): number {
  const parts = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`the shell said ${JSON.stringify(times)} about its children`);
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0);
}
