import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { median } from './samples.ts';

export interface Machine {
  readonly system: string;
  readonly processors: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly sqlite: string;
  /** Median of one 4 KB write with fsync in the directory the benchmarks use. */
  readonly fsyncMs: number;
  /** Of the last minute, before the first benchmark. */
  readonly loadAverage: number;
  /** Others used at least half a processor meanwhile. */
  readonly busy: boolean;
}

/** From here on others use at least half a processor. */
export const busyLoad = 0.5;

export function describeMachine(directory: string): Machine {
  const processors = cpus();
  const loadAverage = Math.round((loadavg()[0] ?? 0) * 100) / 100;
  return {
    system: `${type()} ${release()} ${arch()}`,
    processors: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    sqlite: process.versions['sqlite'] ?? 'unknown',
    fsyncMs: measureFsync(directory),
    loadAverage,
    busy: loadAverage >= busyLoad,
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
