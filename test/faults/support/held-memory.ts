import { createCollector } from '../../../src/std/collect.ts';

/** Megabytes that this thread holds once all its garbage is collected. */
export function createHeldMb(): () => number {
  const collect = createCollector();
  return () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / 1e6;
  };
}
