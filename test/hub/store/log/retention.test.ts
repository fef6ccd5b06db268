import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { fakeClock } from '../../../support/fake-clock.ts';
import { bodyOf, readAll, readBatches, store, temporaryLog } from '../../../support/telemetry-log.ts';

it('when messages are older than the retention, then prune removes them and readers learn how many they lost', async () => {
  const log = await temporaryLog({ partitions: 1, retention: { maxAgeMs: 1_000 } });
  for (let index = 0; index < 10; index++) await store(log, 'd', String(index), index * 500);
  await log.prune(4_000);
  const batches = await readBatches(log, { from: new Map([[0, 2]]) });
  expect(batches.flatMap((batch) => batch.messages).map(bodyOf)).toEqual(['6', '7', '8', '9']);
  expect(batches.reduce((sum, batch) => sum + batch.lost, 0)).toBe(4);
  expect(await log.stats()).toMatchObject({ messages: 4, oldestTime: 3_000, newestTime: 4_500 });
});

it('when everything was removed, then numbers go on and a reader is told what it lost', async () => {
  const log = await temporaryLog({ partitions: 1, retention: { maxAgeMs: 1_000 } });
  await store(log, 'd', 'old', 0);
  await log.prune(1_000_000);
  const [, batch] = await readBatches(log, { from: new Map([[0, 0]]) });
  expect(batch).toMatchObject({ messages: [], lost: 1, live: true });
  await store(log, 'd', 'new', 1_000_000);
  expect((await readAll(log)).map((message) => message.sequenceNumber)).toEqual([1]);
});

it('when a reader asks from the earliest, then what retention took before counts as no loss', async () => {
  const log = await temporaryLog({ partitions: 1, retention: { maxAgeMs: 1_000 } });
  await store(log, 'd', 'old', 0);
  await store(log, 'd', 'new', 5_000);
  await log.prune(5_000);
  expect((await readBatches(log)).map((batch) => batch.lost)).toEqual([0, 0]);
});

it('when the log is larger than allowed, then the oldest messages go until it fits', async () => {
  const maxBytes = 500_000;
  const largestRow = 2 * 64 * 1_024;
  const log = await temporaryLog({ retention: { maxBytes } });
  for (let index = 0; index < 200; index++)
    await store(log, `d${index % 7}`, randomBytes(4_000).toString('latin1'), 1_000 + index);
  await log.prune(0);
  const { bytes, oldestTime } = await log.stats();
  expect(bytes).toBeLessThanOrEqual(maxBytes);
  expect(bytes).toBeGreaterThan(maxBytes - largestRow);
  const times = (await readAll(log)).map((message) => message.enqueuedTime);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBe(1_199);
  expect(times[0]).toBe(oldestTime);
});

it('when time passes, then the log prunes by itself', async () => {
  const clock = fakeClock(0);
  const log = await temporaryLog({ clock, retention: { maxAgeMs: 30_000 } });
  await store(log, 'd', 'old', 0);
  await clock.advance(61_000);
  // The pruning that the timer started comes before this one.
  await log.prune(clock.now());
  expect((await log.stats()).messages).toBe(0);
});

it('when retention overtakes a follower, then it is told at once what it lost', async () => {
  const log = await temporaryLog({ partitions: 1, retention: { maxAgeMs: 1_000 } });
  await store(log, 'd', 'a', 0);
  const reader = log.read({ from: new Map([[0, 0]]), follow: true })[Symbol.asyncIterator]();
  await reader.next();
  await log.prune(10_000);
  await store(log, 'd', 'b', 10_000);
  const batch = (await reader.next()).value;
  expect(batch).toMatchObject({ lost: 1 });
  expect(batch?.messages.map(bodyOf)).toEqual(['b']);
  await reader.return?.();
});
