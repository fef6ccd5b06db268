/** What the system knows of a process. Linux alone keeps these; elsewhere the figures are undefined and nothing is asserted on them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ticksPerSecond = readTicks();

function readTicks(): number {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
}

/** Processor time of all its threads so far, in milliseconds. */
export function processorMs(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

export interface MemoryMb {
  /** Resident now. */
  readonly now: number;
  /** The most that ever was resident. */
  readonly most: number;
  /** Of what is resident now, all but pages of files: those of Node's program are the same for every Node process of the machine. */
  readonly own: number;
}

/** In units of 2^20 bytes. */
export function memoryMb(pid: number): MemoryMb | undefined {
  const status = read(`/proc/${pid}/status`);
  if (status === undefined) return undefined;
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { now: of('VmRSS'), most: of('VmHWM'), own: of('RssAnon') };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A line of figures, on the terminal of whoever runs the proofs. */
export function figures(proof: string, values: Readonly<Record<string, string | number | undefined>>): void {
  const texts = Object.entries(values).map(([name, value]) => {
    const text =
      typeof value === 'number' ? Number(value.toFixed(2)).toLocaleString('en-US') : (value ?? 'not known here');
    return `${name}: ${text}`;
  });
  process.stderr.write(`\n  ${proof}\n    ${texts.join('\n    ')}\n\n`);
}
