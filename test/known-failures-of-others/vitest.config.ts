import { defineConfig } from 'vitest/config';

/** Failures that others had and published, each shown not to happen here: `npm run test:known-failures`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/known-failures-of-others/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    disableConsoleIntercept: true,
  },
});
