import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/**
 * Processor time a process has used so far with all its threads, user and system, in milliseconds. Says more than a clock on a
 * machine that others use too. Steps of 10 ms on Linux, of a second elsewhere.
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
