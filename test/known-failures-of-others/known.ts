import { test } from 'vitest';
import { knownFailures } from './catalogue.ts';

/** A test that is named by what happened to others. */
export function known(id: string, run: () => Promise<void> | void): void {
  const failure = knownFailures.find((each) => each.id === id);
  if (failure === undefined) throw new Error(`${id} is not in the catalogue`);
  test(`${id} (${failure.product}): ${failure.fact}`, run);
}
