import { defineConfig } from 'vitest/config';

// Proofs of what must hold of a rollout, with whole programs and large fleets. Apart from the other tests, because each needs the
// machine for itself: one file after another, and time enough.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/rollout/**/*.test.ts'],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: 1,
    // What a proof prints are its figures, not a fault.
    disableConsoleIntercept: true,
  },
});
