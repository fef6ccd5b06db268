import { expect } from 'vitest';

interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/**
 * What every failure owes to a person: the exit code, one `error:` line that says what failed, no trace of our code, and nothing on
 * stdout but what was asked for.
 */
export function expectOneError(
  { stdout, stderr, code }: Finished,
  expected: { readonly code: number; readonly error: string | RegExp; readonly stdout?: string | RegExp },
): void {
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect({ code, errors, stderr }).toEqual({
    code: expected.code,
    errors: [
      typeof expected.error === 'string'
        ? expect.stringContaining(expected.error)
        : expect.stringMatching(expected.error),
    ],
    stderr: expect.not.stringMatching(/^\s+at |node:internal|\.ts:\d+|a bug in iotctl|\bE[A-Z]{4,}\b|Warning: /m),
  });
  expect(stdout).toMatch(expected.stdout ?? /^$/);
}
