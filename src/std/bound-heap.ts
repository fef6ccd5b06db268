import { createRequire } from 'node:module';
import type * as PerfHooks from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

// By require, as an ESM import evaluates every export of the module.
const { PerformanceObserver } = createRequire(import.meta.url)('node:perf_hooks') as typeof PerfHooks;

/** Large enough for what lives for a moment not to be taken for what stays. */
const enoughYoungBytes = 8 * 1024 * 1024;
/** How much the heap may grow between two full collections, percent of what was alive after the last one. */
const growth = 25;

/**
 * Keeps this process small at the price of some more collections; for a program that runs for weeks, called once. By itself V8 doubles the
 * space for new objects up to 64 MB, whenever much of what is new survives (as it does while ten thousand devices connect), and hardly
 * gives that back; and where the machine has much memory, it lets the heap grow to a multiple of what is alive before it
 * looks. The flags are read when V8 is about to collect or to grow, so that they may change while a program runs.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
  // What is new is so little that threads which help with it cost more than they do, and on a busy machine they come late.
  setFlagsFromString('--no-parallel-scavenge');
  // Told after each collection, and so never while nothing happens.
  new PerformanceObserver(boundYoung).observe({ entryTypes: ['gc'] });
  boundYoung();
}

function boundYoung(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  setFlagsFromString(`--semi-space-growth-factor=${young >= enoughYoungBytes ? 1 : 2}`);
}
