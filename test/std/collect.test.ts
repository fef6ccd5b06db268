import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
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

it('when threads make it at once, then each gets it: the flag that it needs belongs to all of them', async () => {
  const program = new URL('../support/collecting-thread.ts', import.meta.url);
  const threads = Array.from({ length: 3 }, () => new Worker(program, { workerData: 150 }));
  const collect = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0] as unknown));
  expect(collect).toEqual([true, true, true]);
});
