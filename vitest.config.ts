import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { WholeProgramsFirst } from './test/support/whole-programs-first.ts';

// Unit and integration tests share one run; everything listens on ports of its own, so files run side by side.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those have commands of their own: the official SDKs, the long proofs of rollouts, faults and attacks, what befell others.
    exclude: ['test/sdk/**', 'test/rollout/**', 'test/faults/**', 'test/known-failures-of-others/**'],
    // Some start a dozen programs, on a machine that may have other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // Test files share their workers' modules, none of which keeps state: loading them anew for each file took half of the time.
    isolate: false,
    // Many tests wait for processes and disks rather than for a processor; one worker per core would leave the cores idle.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: WholeProgramsFirst },
  },
});
