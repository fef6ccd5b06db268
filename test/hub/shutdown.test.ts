import { expect, test } from 'vitest';
import { silentLog } from '../../src/hub/log.ts';
import { createShutdown } from '../../src/hub/shutdown.ts';
import { fakeClock } from '../support/fake-clock.ts';

test('undoes in reverse, once, and says which step failed while it does the others', async () => {
  const shutdown = createShutdown(fakeClock(), silentLog);
  const done: string[] = [];
  shutdown.add('store', () => void done.push('store'));
  shutdown.add('core', () => Promise.reject(new Error('core is stuck')));
  shutdown.add('ports', () => void done.push('ports'));
  await expect(Promise.all([shutdown.run(), shutdown.run()])).rejects.toThrow('core is stuck');
  expect(done).toEqual(['ports', 'store']);
});

test('ends within 30 seconds however many steps hang, and still comes to the stores', async () => {
  const clock = fakeClock();
  const shutdown = createShutdown(clock, silentLog);
  let closed = false;
  shutdown.add('store', () => void (closed = true));
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) shutdown.add(name, () => new Promise(() => undefined));
  const stopped = shutdown.run().catch((error: unknown) => error);
  await clock.advance(30_000);
  expect(await stopped).toMatchObject({ message: 'f did not stop within 10 s' });
  expect(closed).toBe(true);
});
