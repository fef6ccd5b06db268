import { defineConfig } from 'vitest/config';
import { atScale } from './support/scale.ts';

// Fault, load and attack tests against whole hubs. Apart from the other tests, because each needs the machine for itself: one file
// after another at full scale. Small ones mostly wait, so a few of them go side by side. `npm run test:faults` starts them; see run.ts for the scales.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: atScale({ smoke: 3, full: 1 }),
    isolate: false,
    // What a test prints are its figures, not a fault.
    disableConsoleIntercept: true,
  },
});
