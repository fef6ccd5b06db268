import { expect, it } from 'vitest';
import { createCollector } from '../../src/std/collect.ts';

it('when it is called, then what nobody holds is gone, and no program finds the function', async () => {
  const collect = createCollector();
  const gone = new WeakRef({});
  // What a WeakRef was asked for stays until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(gone.deref()).toBeUndefined();
  expect('gc' in globalThis).toBe(false);
});
