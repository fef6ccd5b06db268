import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './samples.ts';

export interface Machine {
  readonly system: string;
  readonly processors: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly sqlite: string;
  /** Median of one 4 KB write with fsync in the directory the benchmarks use. */
  readonly fsyncMs: number;
  /** Processors that others used before the first benchmark. */
  readonly othersUsed: number;
}

/** From here on figures mean little: others use at least a quarter of a processor. */
export const busyFrom = 0.25;
const lookMs = 500;

/** Processors that are used while the bench itself does nothing. The load average would not do: it still tells of the case before. */
export async function othersUse(): Promise<number> {
  const used = (): number =>
    cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / lookMs;
  const before = used();
  await delay(lookMs);
  return Math.round((used() - before) * 100) / 100;
}

export async function describeMachine(directory: string): Promise<Machine> {
  const processors = cpus();
  return {
    system: `${type()} ${release()} ${arch()}`,
    processors: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    sqlite: process.versions['sqlite'] ?? 'unknown',
    fsyncMs: measureFsync(directory),
    othersUsed: await othersUse(),
  };
}

function measureFsync(directory: string): number {
  const file = openSync(join(directory, 'fsync-probe'), 'w');
  const block = Buffer.alloc(4096, 1);
  const samples: number[] = [];
  for (let write = 0; write < 50; write++) {
    const begin = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    samples.push(performance.now() - begin);
  }
  closeSync(file);
  return Math.round(median(samples) * 1000) / 1000;
}
