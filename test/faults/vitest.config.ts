import { defineConfig } from 'vitest/config';

// Fault, load and attack tests against whole hubs. Apart from the other tests, because each needs the machine for itself: one file
// after another. `npm run test:faults` starts them; see run.ts for the scales.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    // What a test prints are its figures, not a fault.
    disableConsoleIntercept: true,
  },
});
