import { defineConfig } from 'vitest/config';
import { MatrixReporter } from './matrix-reporter.ts';

// Proof with the official SDKs. Apart from the other tests, because the SDKs take their authority from NODE_EXTRA_CA_CERTS, which
// Node reads once, when a process begins.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/sdk/**/*.test.ts'],
    globalSetup: ['test/sdk/global-setup.ts'],
    reporters: ['default', new MatrixReporter()],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: 3,
  },
});
