import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Unit and integration tests share one run; everything listens on ports of its own, so files run side by side.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those have commands of their own: the official SDKs, the long proofs of rollouts, faults and attacks, what befell others.
    exclude: ['test/sdk/**', 'test/rollout/**', 'test/faults/**', 'test/known-failures-of-others/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Test files share their workers' modules, none of which keeps state: loading them anew for each file took half of the time.
    isolate: false,
    // Many tests wait for processes and disks rather than for a processor; one worker per core would leave the cores idle.
    maxWorkers: availableParallelism() + 2,
    sequence: {
      // Files of whole programs are short and take long; begun last they would run alone.
      sequencer: class extends BaseSequencer {
        override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
          const sorted = await super.sort(files);
          const isLong = ({ moduleId }: TestSpecification): boolean => /\/e2e\/|\/integration\/|killed/.test(moduleId);
          return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
        }
      },
    },
  },
});
